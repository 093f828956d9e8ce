"""Schemas as a data architect works on them: designed from a page of meaning, audited, compared, drawn. Pure."""
