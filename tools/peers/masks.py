# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Masks for the comparisons: Muntin's text beside a predicate for FlexAttention, written from the definitions in
dialect/attn/README.md. Coordinates are integer tensors; `grid` is row-major.

A rule is called as rule(query, key): two Tokens. `random_mask` draws legal masks, nested ones too.
"""
import dataclasses
import math
import typing

INF = "inf"


@dataclasses.dataclass
class Tokens:
    axes: list        # coordinates, one tensor per axis
    flat: typing.Any  # row-major index
    segment: typing.Any = None


@dataclasses.dataclass
class Mask:
    text: str
    rule: typing.Callable  # (Tokens, Tokens) -> bool tensor
    needs_segments: bool = False


def _per_axis(values):
    return "x".join(str(value) for value in values)


def _every_axis(rule, count):
    """rule(axis, i, j) on each axis, joined by AND."""
    def joined(query, key):
        result = rule(0, query.axes[0], key.axes[0])
        for axis in range(1, count):
            result = result & rule(axis, query.axes[axis], key.axes[axis])
        return result
    return joined


def full():
    return Mask("full()", lambda query, key: (query.flat >= 0) & (key.flat >= 0))


def causal():
    return Mask("causal()", lambda query, key: key.flat <= query.flat)


def sliding(left, right):
    def axis_rule(axis, i, j):
        result = i == i
        if left[axis] != INF:
            result = result & (j >= i - left[axis])
        if right[axis] != INF:
            result = result & (j <= i + right[axis])
        return result
    return Mask(f"sliding(left={_per_axis(left)}, right={_per_axis(right)})", _every_axis(axis_rule, len(left)))


def block(size):
    return Mask(f"block(size={_per_axis(size)})",
                _every_axis(lambda axis, i, j: i // size[axis] == j // size[axis], len(size)))


def halo(size, reach):
    def axis_rule(axis, i, j):
        first = i // size[axis] * size[axis]
        return (j >= first - reach[axis]) & (j < first + size[axis] + reach[axis])
    return Mask(f"halo(size={_per_axis(size)}, halo={_per_axis(reach)})", _every_axis(axis_rule, len(size)))


def global_tokens(tokens):
    return Mask(f"global(tokens={tokens})", lambda query, key: (query.flat < tokens) | (key.flat < tokens))


def document():
    return Mask("document()", lambda query, key: query.segment == key.segment, True)


def neighborhood(grid, window, dilation, stride, causal_axes):
    """For FlexAttention in the benchmark; the oracle of its meaning is NATTEN."""
    def axis_rule(axis, i, j):
        n, w, d, s = grid[axis], window[axis], dilation[axis], stride[axis]
        group, p, q = i % d, i // d, j // d
        length = (n - group + d - 1) // d
        if causal_axes[axis]:
            first = ((p // s) * s + s - 1).minimum(length - 1) - w + 1
            inside = (q >= first) & (q <= p)
        else:
            first = (((p // s) * s + s // 2).minimum(length - 1) - w // 2).clamp(min=0).minimum(length - w)
            inside = (q >= first) & (q < first + w)
        return inside & (j % d == group)
    text = f"neighborhood(window={_per_axis(window)}, dilation={_per_axis(dilation)}, stride={_per_axis(stride)}, " \
           f"causal={_per_axis(int(flag) for flag in causal_axes)})"
    return Mask(text, _every_axis(axis_rule, len(grid)))


def _joined(name, operator, children):
    def rule(query, key):
        result = children[0].rule(query, key)
        for child in children[1:]:
            result = operator(result, child.rule(query, key))
        return result
    return Mask(f"{name}({', '.join(child.text for child in children)})", rule,
                any(child.needs_segments for child in children))


def all_of(*children):
    return _joined("all_of", lambda a, b: a & b, children)


def any_of(*children):
    return _joined("any_of", lambda a, b: a | b, children)


def negation(child):
    return Mask(f"not({child.text})", lambda query, key: ~child.rule(query, key), child.needs_segments)


def random_mask(rng, grid, depth=2):
    """A legal mask for `grid`; `rng` is a random.Random."""
    rank = len(grid)
    axes = lambda low, high: [rng.randint(low, min(high, n)) for n in grid]
    if depth > 0 and rng.random() < 0.4:
        children = [random_mask(rng, grid, depth - 1) for _ in range(rng.randint(1, 3))]
        return rng.choice([lambda: all_of(*children), lambda: any_of(*children), lambda: negation(children[0])])()
    simple = [full, document, lambda: global_tokens(rng.randint(0, 5)),
              lambda: sliding(axes(0, 9), axes(0, 9)),
              lambda: sliding([rng.choice([INF, 3]) for _ in grid], [rng.choice([INF, 0]) for _ in grid]),
              lambda: block(axes(1, 9)), lambda: halo(axes(1, 7), axes(0, 4))]
    return rng.choice(simple + [causal] * (rank == 1))()


def mask_mod(mask, grid, kv_grid=None, segments=None, kv_segments=None):
    """The predicate FlexAttention wants, over (batch, head, query index, key index)."""
    def tokens(extents, numbers, batch, flat):
        strides = [math.prod(extents[axis + 1:]) for axis in range(len(extents))]
        axes = [flat // stride % extent for stride, extent in zip(strides, extents)]
        return Tokens(axes, flat, numbers[batch, flat] if mask.needs_segments else None)

    def predicate(batch, head, query, key):
        return mask.rule(tokens(grid, segments, batch, query),
                         tokens(kv_grid or grid, segments if kv_segments is None else kv_segments, batch, key))
    return predicate
