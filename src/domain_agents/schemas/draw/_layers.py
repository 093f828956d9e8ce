"""Boxes in layers: parents left of children, few crossings, long edges led through lanes of their own. No chance in it.

After Sugiyama, Tagawa, Toda (1981): layers, order within them by barycenters, then places nearest to the neighbours.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Final

SPACE: Final = 26
"""Between boxes of one layer."""
LANE: Final = 10
"""What an edge takes that runs past the boxes of a layer."""
_SWEEPS: Final = 12


@dataclass(slots=True)
class Node:
    """A box, or (`box` -1) a lane through a layer for an edge that is longer than one layer."""

    box: int
    height: float
    layer: int = 0
    top: float = 0.0
    left: list[tuple[int, float, float]] = field(default_factory=list)
    """Neighbours in the layer before: node, the height of the edge within this node, and within that one."""
    right: list[tuple[int, float, float]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Link:
    """An edge between two boxes: from where on the parent's side to where on the child's, measured from their tops."""

    parent: int
    child: int
    parent_port: float
    child_port: float


@dataclass(slots=True)
class Layers:
    """The result: nodes, the layers in their order from top to bottom, and for each link its nodes from left to right."""

    nodes: list[Node]
    layers: list[list[int]]
    chains: list[list[int]]


def layered(heights: list[float], links: list[Link], tallest: float) -> Layers:
    """Boxes with these heights. A link whose child stands left of its parent is one of a cycle. `tallest`: of a layer."""
    depth = _depths(heights, links, tallest)
    nodes = [Node(number, height, depth[number]) for number, height in enumerate(heights)]
    chains = [_chain(nodes, link) for link in links]
    layers: list[list[int]] = [[] for _ in range(max(depth, default=0) + 1)]
    for number, node in enumerate(nodes):
        layers[node.layer].append(number)
    made = Layers(nodes, layers, chains)
    _order(made)
    _place(made)
    return made


def _depths(heights: list[float], links: list[Link], tallest: float) -> list[int]:
    forward = _without_cycles(len(heights), links)
    least = [0] * len(heights)
    while True:
        depth = _longest(least, forward)
        number = _overfull(heights, depth, forward, tallest)
        if number is None:
            break
        least[number] = depth[number] + 1
    for node in range(len(heights)):
        nearest = [depth[child] for parent, child in forward if parent == node]
        if nearest and not any(child == node for _, child in forward):
            depth[node] = max(depth[node], min(nearest) - 1)
    return depth


def _longest(least: list[int], forward: list[tuple[int, int]]) -> list[int]:
    depth = list(least)
    for _ in range(len(depth) + 1):
        moved = False
        for parent, child in forward:
            if depth[child] <= depth[parent]:
                depth[child], moved = depth[parent] + 1, True
        if not moved:
            break
    return depth


def _overfull(heights: list[float], depth: list[int], forward: list[tuple[int, int]], tallest: float) -> int | None:
    """A box that had better stand one layer further: the last without children of a layer that is too tall."""
    for layer in range(max(depth, default=0) + 1):
        inside = [node for node, one in enumerate(depth) if one == layer]
        if len(inside) < 2 or sum(heights[node] + SPACE for node in inside) <= tallest:
            continue
        parents = {parent for parent, _ in forward}
        return min(inside, key=lambda node: (node in parents, -node))
    return None


def _without_cycles(count: int, links: list[Link]) -> list[tuple[int, int]]:
    """The links as pairs from left to right, with those turned round that would close a circle."""
    children: list[list[int]] = [[] for _ in range(count)]
    for link in links:
        if link.child not in children[link.parent]:
            children[link.parent].append(link.child)
    referring = {link.child for link in links}
    state = [0] * count
    turned: set[tuple[int, int]] = set()
    for start in sorted(range(count), key=lambda node: (node in referring, -len(children[node]), node)):
        stack = [(start, 0)] if state[start] == 0 else []
        while stack:
            node, position = stack.pop()
            state[node] = 1
            if position < len(children[node]):
                stack.append((node, position + 1))
                child = children[node][position]
                if state[child] == 1:
                    turned.add((node, child))
                elif state[child] == 0:
                    stack.append((child, 0))
            else:
                state[node] = 2
    pairs = [(link.parent, link.child) for link in links]
    return list(
        dict.fromkeys((child, parent) if (parent, child) in turned else (parent, child) for parent, child in pairs)
    )


def _chain(nodes: list[Node], link: Link) -> list[int]:
    """The nodes that a link goes through, from left to right, with lanes made in the layers between."""
    ends = [(link.parent, link.parent_port), (link.child, link.child_port)]
    if nodes[link.parent].layer > nodes[link.child].layer:
        ends.reverse()
    (first, first_port), (last, last_port) = ends
    chain = [(first, first_port)]
    for layer in range(nodes[first].layer + 1, nodes[last].layer):
        nodes.append(Node(-1, LANE, layer))
        chain.append((len(nodes) - 1, LANE / 2))
    chain.append((last, last_port))
    for (one, one_port), (other, other_port) in itertools.pairwise(chain):
        nodes[one].right.append((other, one_port, other_port))
        nodes[other].left.append((one, other_port, one_port))
    return [node for node, _ in chain]


def _stack(made: Layers) -> None:
    for layer in made.layers:
        top = 0.0
        for number in layer:
            made.nodes[number].top = top
            top += made.nodes[number].height + _gap(made.nodes[number])


def _gap(node: Node) -> float:
    return SPACE if node.box >= 0 else LANE


def _order(made: Layers) -> None:
    _stack(made)
    best, fewest = [list(layer) for layer in made.layers], _crossings(made)
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        for layer in made.layers if forward else reversed(made.layers):
            wish = {number: _wish(made.nodes, number, left=forward, right=not forward) for number in layer}
            layer.sort(key=lambda number: (wish[number], number))
            top = 0.0
            for number in layer:
                made.nodes[number].top = top
                top += made.nodes[number].height + _gap(made.nodes[number])
        found = _crossings(made)
        if found < fewest:
            best, fewest = [list(layer) for layer in made.layers], found
    made.layers = best
    _stack(made)


def _wish(nodes: list[Node], number: int, *, left: bool, right: bool) -> float:
    """Where the node's middle would like to be: where the edges to its neighbours run straight."""
    node = nodes[number]
    near = (node.left if left else []) + (node.right if right else [])
    if not near:
        return node.top
    return sum(nodes[other].top + there - here for other, here, there in near) / len(near)


def _crossings(made: Layers) -> int:
    count = 0
    for layer in made.layers:
        ends = [
            (made.nodes[number].top + here, made.nodes[other].top + there)
            for number in layer
            for other, here, there in made.nodes[number].right
        ]
        ends.sort()
        count += sum(1 for place, (_, end) in enumerate(ends) for _, other in ends[place + 1 :] if other < end - 0.5)
    return count


def _place(made: Layers) -> None:
    """Nearest to what each node wishes, in the order that stands: least squares by pooling neighbours that collide."""
    for sweep in range(_SWEEPS):
        last = sweep >= _SWEEPS - 2
        for layer in made.layers if sweep % 2 == 0 else reversed(made.layers):
            forward = sweep % 2 == 0
            wishes = [_wish(made.nodes, number, left=forward or last, right=not forward or last) for number in layer]
            _settle(made.nodes, layer, wishes)
    top = min((node.top for node in made.nodes), default=0.0)
    for node in made.nodes:
        node.top = round(node.top - top)


def _settle(nodes: list[Node], layer: list[int], wishes: list[float]) -> None:
    offsets, below = [], 0.0
    for number in layer:
        offsets.append(below)
        below += nodes[number].height + _gap(nodes[number])
    pools: list[tuple[float, int]] = []
    for wish, offset in zip(wishes, offsets, strict=True):
        pools.append((wish - offset, 1))
        while len(pools) > 1 and pools[-2][0] >= pools[-1][0]:
            (second, more), (first, some) = pools.pop(), pools.pop()
            pools.append(((first * some + second * more) / (some + more), some + more))
    places = [mean for mean, count in pools for _ in range(count)]
    for number, place, offset in zip(layer, places, offsets, strict=True):
        nodes[number].top = place + offset
