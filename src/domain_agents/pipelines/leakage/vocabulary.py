"""What the libraries' names mean for the flow of rows: which learn, which split, which judge."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

LEARNING: Final = frozenset({
    "StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler", "PowerTransformer", "QuantileTransformer",
    "KBinsDiscretizer", "SplineTransformer", "KernelCenterer", "OneHotEncoder", "OrdinalEncoder", "TargetEncoder",
    "SimpleImputer", "KNNImputer", "IterativeImputer", "MissingIndicator", "CountVectorizer", "TfidfVectorizer",
    "TfidfTransformer", "PCA", "IncrementalPCA", "KernelPCA", "SparsePCA", "TruncatedSVD", "NMF", "FastICA",
    "FactorAnalysis", "LatentDirichletAllocation", "TSNE", "UMAP", "LinearDiscriminantAnalysisTransformer",
    "SelectKBest", "SelectPercentile", "SelectFpr", "SelectFdr", "SelectFwe", "SelectFromModel", "RFE", "RFECV",
    "SequentialFeatureSelector", "VarianceThreshold", "GenericUnivariateSelect", "Nystroem", "KMeansFeaturizer",
    "BorutaPy", "Boruta", "MeanEncoder", "CatBoostEncoder", "LeaveOneOutEncoder", "WOEEncoder", "JamesSteinEncoder",
    "MEstimateEncoder", "GLMMEncoder", "BinaryEncoder", "CountEncoder", "FrequencyEncoder", "Tokenizer",
    "TextVectorization", "Normalization", "StandardScalerModel", "MeanMedianImputer", "Imputer",
    "IsotonicTransformer", "PLSTransformer", "Winsorizer", "OutlierTrimmer", "ArbitraryDiscretiser",
    "EqualFrequencyDiscretiser", "RareLabelEncoder", "DictVectorizer", "ColumnTransformer", "FeatureUnion",
    "LdaModel", "StringIndexer", "MinMaxScalerModel",
})  # fmt: skip
SUPERVISED: Final = frozenset({
    "TargetEncoder", "SelectKBest", "SelectPercentile", "SelectFpr", "SelectFdr", "SelectFwe", "SelectFromModel",
    "RFE", "RFECV", "SequentialFeatureSelector", "GenericUnivariateSelect", "BorutaPy", "Boruta", "MeanEncoder",
    "CatBoostEncoder", "LeaveOneOutEncoder", "WOEEncoder", "JamesSteinEncoder", "MEstimateEncoder", "GLMMEncoder",
})  # fmt: skip
HARMLESS: Final = frozenset({
    "Normalizer", "FunctionTransformer", "HashingVectorizer", "FeatureHasher", "Binarizer", "PolynomialFeatures",
    "LabelEncoder", "LabelBinarizer", "MultiLabelBinarizer", "HashingTF",
})  # fmt: skip
"""They learn nothing of the rows' values, or only the names of the classes."""
SAMPLERS: Final = frozenset({
    "SMOTE", "SMOTENC", "SMOTEN", "ADASYN", "BorderlineSMOTE", "SVMSMOTE", "KMeansSMOTE", "RandomOverSampler",
    "SMOTEENN", "SMOTETomek", "RandomUnderSampler", "NearMiss", "TomekLinks", "EditedNearestNeighbours",
    "ClusterCentroids", "OneSidedSelection", "NeighbourhoodCleaningRule", "CondensedNearestNeighbour",
    "InstanceHardnessThreshold", "AllKNN",
})  # fmt: skip
SEARCHES: Final = frozenset(
    [
        "GridSearchCV",
        "RandomizedSearchCV",
        "HalvingGridSearchCV",
        "HalvingRandomSearchCV",
        "BayesSearchCV",
        "OptunaSearchCV",
        "TPOTClassifier",
        "TPOTRegressor",
        "EvolutionaryAlgorithmSearchCV",
    ]
)
SPLITTERS: Final = frozenset({
    "KFold", "StratifiedKFold", "RepeatedKFold", "RepeatedStratifiedKFold", "ShuffleSplit",
    "StratifiedShuffleSplit", "LeaveOneOut", "LeavePOut", "GroupKFold", "StratifiedGroupKFold", "GroupShuffleSplit",
    "LeaveOneGroupOut", "LeavePGroupsOut", "TimeSeriesSplit", "PredefinedSplit", "PurgedKFold",
    "BlockingTimeSeriesSplit", "PurgedGroupTimeSeriesSplit",
})  # fmt: skip
SHUFFLED_SPLITTERS: Final = frozenset(
    ["ShuffleSplit", "StratifiedShuffleSplit", "RepeatedKFold", "RepeatedStratifiedKFold"]
)
PLAIN_SPLITTERS: Final = SHUFFLED_SPLITTERS | frozenset(["KFold", "StratifiedKFold", "LeaveOneOut", "LeavePOut"])
"""Those that know neither of time nor of groups."""
CROSS_VALIDATIONS: Final = frozenset(
    [
        "cross_val_score",
        "cross_validate",
        "cross_val_predict",
        "learning_curve",
        "validation_curve",
        "permutation_test_score",
    ]
)
FITTING_FUNCTIONS: Final = frozenset(
    ["scale", "minmax_scale", "maxabs_scale", "robust_scale", "power_transform", "quantile_transform", "zscore"]
)
SELECTING_FUNCTIONS: Final = frozenset(
    [
        "mutual_info_classif",
        "mutual_info_regression",
        "chi2",
        "f_classif",
        "f_regression",
        "r_regression",
        "pearsonr",
        "spearmanr",
    ]
)
MODELS: Final = re.compile(
    r"(?:.*(?:Classifier|Regressor|Regression|SVC|SVR|NB|Forest|Boost|Net|Lasso|Ridge|LARS|Lars"
    r"|Perceptron|Neighbors|KMeans)"
    r"|LinearSVC|LinearSVR|NuSVC|NuSVR|SVM|Sequential|DBSCAN|GaussianMixture|Prophet|Model|ElasticNetCV|RidgeCV|LassoCV"
    r"|LogisticRegressionCV|LinearDiscriminantAnalysis|QuadraticDiscriminantAnalysis|IsolationForest|OneClassSVM)"
)
TRANSFORMER_NAME = re.compile(
    r"(?:.*_)?(?:scaler|encoder|imputer|vectori[sz]er|tfidf|pca|svd|selector|preprocessor|preprocess|preprocessing"
    r"|transformer|normali[sz]er|tokenizer|kbest|rfe|ohe|sc|mms|ss)(?:_?\w{0,2}|_.*)"
)
READERS: Final = re.compile(
    r"read_(?:csv|parquet|excel|json|sql|sql_query|sql_table|feather|table|pickle|hdf|gbq|stata|orc|fwf|html)"
    r"|load_dataset|loadtxt|genfromtxt|fetch_openml|fetch_\w+|load_(?:iris|wine|breast_cancer|digits|diabetes|boston"
    r"|linnerud|data|dataset|files|sample_data|csv|raw_data)|make_(?:classification|regression"
    r"|blobs|moons|circles|friedman\d)"
    r"|DataFrame|get_dataset|get_data|fetch_data|read_data|read_frame|imread|load_training_data"
)
METRICS: Final = re.compile(
    r"(?:.*_)?(?:score|error|loss|auc|accuracy|f1|precision|recall|mse|rmse|mae|mape|r2|logloss"
    r"|kappa|matthews_corrcoef)"
)
STATISTICS: Final = frozenset(
    [
        "mean",
        "median",
        "std",
        "var",
        "mode",
        "min",
        "max",
        "nanmean",
        "nanmedian",
        "nanstd",
        "quantile",
        "percentile",
        "nanpercentile",
        "average",
        "nanmin",
        "nanmax",
        "ptp",
        "skew",
        "kurtosis",
    ]
)
ELEMENTWISE: Final = frozenset({
    "log", "log1p", "log2", "log10", "exp", "expm1", "sqrt", "abs", "absolute", "square", "round", "floor", "ceil",
    "sign", "where", "clip", "astype", "map", "apply", "replace", "cut", "to_numeric", "asarray", "array", "Series",
    "ravel", "reshape", "squeeze", "flatten", "to_numpy", "values", "copy", "isin", "fillna", "dropna", "str",
    "to_categorical", "float32", "float64", "int64", "reset_index", "to_frame", "tolist", "to_list", "list",
    "rename", "get_dummies", "transform", "category", "factorize", "applymap", "between", "eq", "gt", "ge", "lt",
    "le", "ne", "add", "sub", "mul", "div", "codes", "cat", "qcut", "power",
})  # fmt: skip
LAGS: Final = frozenset(["shift", "diff", "pct_change", "cumsum", "cummax", "cummin", "cumprod", "ewm", "expanding"])
DATE_NAME = re.compile(
    r"(?:.*_)?(?:date|datetime|time|timestamp|ts|day|week|month|year|ds|dt|period|hour|dteday)(?:_(?:id|time|utc|at))?"
    r"|.*_at|.*date|.*time|.*timestamp",
    re.IGNORECASE,
)
TEMPORAL_TARGET = re.compile(
    r"(?:.*_)?(?:sales|demand|close|price|volume|load|consumption|temperature|traffic|energy|power|returns?|revenue|cnt"
    r"|usage|kwh|units_sold|passengers|forecast|rainfall|adj_close|next_\w+|orders|visitors)(?:_.*)?",
    re.IGNORECASE,
)
GROUP_NAME = re.compile(
    r"(?:.*_)?(?:user|patient|customer|subject|person|participant|client|member|player|driver|household|device|machine"
    r"|speaker|writer|session|student|employee|engine|vehicle|animal|donor|borrower|cust|subj|visitor)"
    r"_?(?:id|no|num|number|nr|key|uuid|name|code)?s?",
    re.IGNORECASE,
)


_FRAMES: Final = frozenset({
    "df", "data", "x", "y", "frame", "dataset", "features", "target", "labels", "train", "test", "dataframe", "texts",
    "raw",     "xs", "ys", "images", "corpus",
})  # fmt: skip


@lru_cache(maxsize=4096)
def is_data_name(name: str) -> bool:
    """Whether a variable of that name holds rows."""
    plain = name.lower().strip("_")
    words = set(re.split(r"[_\d]+", plain))
    if words & {
        "path",
        "file",
        "dir",
        "size",
        "gen",
        "loader",
        "generator",
        "url",
        "cols",
        "columns",
        "names",
        "len",
        "pred",
    }:
        return False
    return bool(words & _FRAMES) or (re.fullmatch(r"[xy](?:_?\w{1,8})?", plain) is not None and bool(role_of(name)))


@lru_cache(maxsize=4096)
def role_of(name: str) -> str:
    """The part of the data that a variable or a file is named for; empty where its name does not say."""
    words = re.split(r"[^a-z]+", re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower())
    joined = "".join(words)
    if any(word in {"test", "tst", "te", "testing", "holdout", "oot"} for word in words):
        return "test"
    if any(
        word in {"val", "valid", "validation", "dev", "va", "cal", "calib", "calibration", "eval"} for word in words
    ):
        return "validation"
    if any(word in {"train", "trn", "tr", "training", "fit"} for word in words):
        return "train"
    for ending, role in (("test", "test"), ("train", "train"), ("valid", "validation"), ("val", "validation")):
        if joined in {
            f"x{ending}",
            f"y{ending}",
            f"df{ending}",
            f"{ending}x",
            f"{ending}y",
            f"{ending}df",
            f"{ending}set",
        }:
            return role
    return ""
