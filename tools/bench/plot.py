# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Time over the number of pairs as SVG, both axes logarithmic, with the lines of a machine at its peak."""

import math

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 760, 520, 80, 60, 20, 60
SERIES = (("pairs_kept", "pairs kept", "#2f6fd0"), ("pairs_processed", "pairs computed", "#e08a2c"))


class Axis:
    """A logarithmic scale from numbers to pixels."""

    def __init__(self, values, start, end):
        self.low, self.high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
        self.start, self.end = start, end

    def __call__(self, value):
        return self.start + (math.log10(value) - self.low) / (self.high - self.low) * (self.end - self.start)

    def decades(self):
        return [10.0**power for power in range(self.low, self.high + 1)]


def seconds_text(seconds):
    for unit, size in (("s", 1), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size * 0.999:
            return f"{seconds / size:g} {unit}"
    return f"{seconds * 1e9:g} ns"


def grid_lines(x, y):
    for value in x.decades():
        yield f'<path d="M{x(value):.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#ddd"/>'
        power = round(math.log10(value))
        yield f'<text x="{x(value):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">1e{power}</text>'
    for value in y.decades():
        yield f'<path d="M{LEFT} {y(value):.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>'
        yield f'<text x="{LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{seconds_text(value)}</text>'


def draw(title, points, flops_per_pair):
    """points: bench objects with the key `window`; the ideal line takes their median peak."""
    peak = sorted(point["flops_peak"] for point in points)[len(points) // 2]
    pairs = [point[key] for point in points for key, _, _ in SERIES]
    ideal = [(count, count * flops_per_pair / peak) for count in (min(pairs), max(pairs))]
    x = Axis(pairs, LEFT, WIDTH - RIGHT)
    y = Axis([point["seconds"] for point in points] + [time for _, time in ideal], HEIGHT - BOTTOM, TOP)
    parts = list(grid_lines(x, y))
    (x0, y0), (x1, y1) = [(x(count), y(time)) for count, time in ideal]
    parts.append(f'<path d="M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}" stroke="#444" stroke-dasharray="6 4"/>')
    for key, _, color in SERIES:
        places = [(x(point[key]), y(point["seconds"])) for point in points]
        line = "L".join(f"{px:.1f} {py:.1f}" for px, py in places)
        parts.append(f'<path d="M{line}" fill="none" stroke="{color}"/>')
        for (px, py), point in zip(places, points):
            parts.append(f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3.5" fill="{color}"><title>window {point["window"]}: '
                         f'{seconds_text(point["seconds"])}, {point[key]} pairs</title></circle>')
    legend = [(name, color, "") for _, name, color in SERIES] + [(f"peak, {peak / 1e9:.0f} GFLOP/s", "#444", "6 4")]
    for i, (name, color, dashes) in enumerate(legend):
        left = LEFT + 20 + 170 * i
        parts.append(f'<path d="M{left} 44h24" stroke="{color}" stroke-width="2" stroke-dasharray="{dashes}"/>'
                     f'<text x="{left + 30}" y="48">{name}</text>')
    parts.append(f'<text x="{(LEFT + WIDTH) / 2}" y="{HEIGHT - 14}" text-anchor="middle">'
                 'query-key pairs over all heads</text>')
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
            f'font-family="sans-serif" font-size="12">\n<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>\n'
            f'<text x="{LEFT}" y="24" font-size="15">{title}</text>\n' + "\n".join(parts) + "\n</svg>\n")
