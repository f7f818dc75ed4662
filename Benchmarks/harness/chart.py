# SPDX-License-Identifier: Apache-2.0
"""Pictures as SVG, for light and dark pages, readable at the width of a telephone."""
import math
from xml.sax.saxutils import escape

CSS = """
.back{fill:#fff}.ink{fill:#1c1e21}.soft{fill:#555b63}.grid{stroke:#e3e6ea}.one{stroke:#8a919b}.bar{stroke:#1c1e21}
.reached{fill:#2a8a3e}.tie{fill:#a07400}.missed{fill:#c0362c}.c0{stroke:#0b6bcb;fill:#0b6bcb}.c1{stroke:#c4560a;fill:#c4560a}
.c2{stroke:#2a8a3e;fill:#2a8a3e}.c3{stroke:#a3349c;fill:#a3349c}.c4{stroke:#7a6200;fill:#7a6200}.c5{stroke:#5b54c9;fill:#5b54c9}
.line{fill:none;stroke-width:2}.halo{stroke:#fff;stroke-width:3;paint-order:stroke;stroke-linejoin:round}
@media (prefers-color-scheme:dark){
.back{fill:#15181c}.ink{fill:#eceff3}.soft{fill:#a9b1bb}.grid{stroke:#2a2f36}.one{stroke:#7d8691}.bar{stroke:#eceff3}
.reached{fill:#62cf7a}.tie{fill:#d8bd3a}.missed{fill:#ff8078}.c0{stroke:#5aa9ff;fill:#5aa9ff}.c1{stroke:#ff9a52;fill:#ff9a52}
.c2{stroke:#62cf7a;fill:#62cf7a}.c3{stroke:#e788df;fill:#e788df}.c4{stroke:#d8bd3a;fill:#d8bd3a}.c5{stroke:#a9a3ff;fill:#a9a3ff}
.line{fill:none}.halo{stroke:#15181c}
}
"""
FONT = "system-ui, 'DejaVu Sans', Arial, sans-serif"
WIDTH = 540


def frame(title, subtitle, height, body, description):
    """A picture around its parts."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" font-family="{FONT}" font-size="13">\n<title>{escape(title)}</title>\n'
        f"<desc>{escape(description)}</desc>\n<style>{CSS}</style>\n"
        f'<rect class="back" width="100%" height="100%"/>\n'
        f'<text class="ink" x="14" y="24" font-size="16" font-weight="600">{escape(title)}</text>\n'
        f'<text class="soft" x="14" y="43" font-size="12">{escape(subtitle)}</text>\n{body}</svg>\n')


def beside(title, subtitle, rows):
    """One line for each row: a dot for our figure as a multiple of the peer's, and a mark where the bar is.

    A row has name, peer, value (less is better), and perhaps bar and verdict.
    """
    left, right, top, step = 272, WIDTH - 58, 84, 21
    values = [row["value"] for row in rows] + [row["bar"] for row in rows if row.get("bar")]
    low, high = min(values + [0.5]) * 0.88, max(values + [1.0]) * 1.12
    bottom = top + step * len(rows)

    def x(value):
        return left + (right - left) * math.log(value / low) / math.log(high / low)

    parts, last = [], 0.0
    for tick in (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10):
        # Only those that have room for their number; the one of the peer always has.
        room = tick == 1 or (x(tick) - last >= 26 and abs(x(tick) - x(1)) >= 22)
        if low <= tick <= high and room:
            last = x(tick)
            kind = "one" if tick == 1 else "grid"
            parts.append(f'<path class="{kind}" d="M{x(tick):.1f} {top - 6}V{bottom}"/>\n')
            parts.append(f'<text class="soft" x="{x(tick):.1f}" y="{top - 12}" font-size="11" text-anchor="middle">'
                         f"{tick:g}</text>\n")
    for number, row in enumerate(rows):
        y = top + step * number + 10
        parts.append(f'<text class="ink" x="{left - 10}" y="{y + 4}" font-size="12" text-anchor="end">'
                     f'{escape(row["name"])}<tspan class="soft"> · {escape(row["peer"])}</tspan></text>\n')
        if row.get("bar"):
            parts.append(f'<path class="bar" stroke-width="2" d="M{x(row["bar"]):.1f} {y - 7}v14"/>\n')
        parts.append(f'<circle class="{row.get("verdict", "c0")}" cx="{x(row["value"]):.1f}" cy="{y}" r="5.5"/>\n')
        parts.append(f'<text class="ink" x="{right + 10}" y="{y + 4}" font-size="12">{row["value"]:.2f}</text>\n')
    y = bottom + 20
    for kind, word, place in (("reached", "within the bar", 14), ("tie", "a tie", 132), ("missed", "missed", 190)):
        parts.append(f'<circle class="{kind}" cx="{place + 6}" cy="{y - 4}" r="5"/>'
                     f'<text class="soft" x="{place + 16}" y="{y}" font-size="12">{word}</text>\n')
    parts.append(f'<path class="bar" stroke-width="2" d="M268 {y - 11}v14"/>'
                 f'<text class="soft" x="276" y="{y}" font-size="12">the bar; 1 is the peer; left is better</text>\n')
    description = "; ".join(f"{row['name']}, beside {row['peer']}: {row['value']:.2f}" for row in rows)
    return frame(title, subtitle, bottom + 34, "".join(parts), description)


def bars(title, subtitle, groups, unit):
    """Groups of bars, each with a name and lines of (name, value, text, ours); shorter is better."""
    left, right, top, step = 190, WIDTH - 74, 62, 19
    parts, y = [], top
    for name, lines in groups:
        y += 16
        parts.append(f'<text class="ink" x="14" y="{y}" font-weight="600">{escape(name)}</text>\n')
        y += 8
        largest = max(value for _, value, _, _ in lines)
        for label, value, text, is_ours in lines:
            length = max(2.0, (right - left) * value / largest)
            parts.append(f'<text class="{"ink" if is_ours else "soft"}" x="{left - 8}" y="{y + 13}" font-size="12" '
                         f'text-anchor="end"{" font-weight=" + chr(34) + "600" + chr(34) if is_ours else ""}>'
                         f"{escape(label)}</text>\n")
            parts.append(f'<rect class="{"c0" if is_ours else "soft"}" stroke="none" x="{left}" y="{y + 3}" '
                         f'width="{length:.1f}" height="12" rx="2"/>\n')
            parts.append(f'<text class="ink" x="{left + length + 6:.1f}" y="{y + 13}" font-size="12">{text}</text>\n')
            y += step
        y += 6
    description = "; ".join(f"{name}: " + ", ".join(f"{a} {c}" for a, _, c, _ in lines) for name, lines in groups)
    return frame(title, f"{subtitle} Shorter is better.", y + 14, "".join(parts), description)


def growth(title, subtitle, series, x_label, y_label, y_text):
    """Lines over a logarithmic axis of sizes: series of (name, [(x, y)])."""
    left, right, top, bottom = 52, WIDTH - 138, 78, 310
    xs = [x for _, points in series for x, _ in points]
    ys = [y for _, points in series for _, y in points if y > 0]
    (x0, x1), (y0, y1) = (min(xs), max(xs)), (min(ys) * 0.8, max(ys) * 1.25)

    def place(x, y):
        return (left + (right - left) * math.log(x / x0) / math.log(x1 / x0),
                bottom - (bottom - top) * math.log(y / y0) / math.log(y1 / y0))

    parts = []
    for power in range(-3, 14):
        for factor in (1, 1.5, 2, 3, 5, 7) if y1 / y0 < 10 else (1,):
            value = factor * 10.0**power
            if y0 <= value <= y1:
                y = place(x0, value)[1]
                parts.append(f'<path class="grid" d="M{left} {y:.1f}H{right}"/>'
                             f'<text class="soft" x="{left - 7}" y="{y + 4:.1f}" font-size="12" text-anchor="end">'
                             f"{y_text(value)}</text>\n")
    for value, label in x_label:
        x = place(value, y0)[0]
        parts.append(f'<path class="grid" d="M{x:.1f} {top}V{bottom}"/><text class="soft" x="{x:.1f}" '
                     f'y="{bottom + 18}" font-size="12" text-anchor="middle">{label}</text>\n')
    ends = []
    for number, (name, points) in enumerate(series):
        places = [place(x, y) for x, y in points if y > 0]
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        parts.append(f'<path class="line c{number % 6}" style="fill:none" d="{path}"/>\n')
        parts += [f'<circle class="c{number % 6}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>\n' for x, y in places]
        ends.append([places[-1][1], name, number % 6])
    # Names at the ends of the lines, moved apart.
    ends.sort()
    for index in range(1, len(ends)):
        ends[index][0] = max(ends[index][0], ends[index - 1][0] + 14)
    for y, name, color in ends:
        parts.append(f'<text class="c{color}" style="stroke:none" x="{right + 9}" y="{y + 4:.1f}" font-size="12">'
                     f"{escape(name)}</text>\n")
    parts.append(f'<text class="soft" x="14" y="{top - 12}" font-size="12">{escape(y_label)}</text>\n')
    description = "; ".join(f"{name}: " + ", ".join(f"{x:g} {y:.4g}" for x, y in points) for name, points in series)
    return frame(title, subtitle, bottom + 34, "".join(parts), description)
