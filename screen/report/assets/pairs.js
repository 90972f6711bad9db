// Dose matrices of pairs: what each dose of both does, how far that goes beyond Bliss and Loewe, and isoboles.
const PAIRS = 3;
const LEVELS = { 25: "#56b4e9", 50: "#0072b2", 75: "#d55e00" };
const MATRICES = [
  ["Down by [%]", 2, null, 100],
  ["Beyond Bliss [points]", 3, 4, 20],
  ["Beyond Loewe [points]", 5, 6, 20],
];

/** One table: doses of the first drug down, of the second across; colours are full at `most`. */
function matrix(pair, lines, [title, at, sure, most]) {
  const [first, second] = pair.split("+");
  const doses = [0, 1].map((side) => [...new Set(lines.map((line) => line[side]))].sort((a, b) => a - b));
  const head = element("tr", {}, element("th", { scope: "col" }, `${first} ↓ ${second} →`), ...doses[1].map((each) => element("th", { scope: "col" }, dose(each))));
  const body = doses[0].map((a) => element("tr", {}, element("th", { scope: "row" }, dose(a)), ...doses[1].map((b) => {
    const line = lines.find((each) => each[0] === a && each[1] === b);
    if (!line || line[at] === null) return element("td", { className: "none" }, "–");
    const [paper, ink] = ramp(line[at] / most);
    const number = line[at].toFixed(Math.abs(line[at]) < 10 && sure ? 1 : 0).replace(/^-?0(\.0)?$/, "0").replace("-", "−");
    return element("td", { className: sure && !line[sure] ? "unsure" : "", style: `background:${paper};color:${ink}` }, number);
  })));
  return element("table", { className: "matrix" }, element("caption", {}, title), element("thead", {}, head), element("tbody", {}, ...body));
}

/** Doses that reach an effect together, over those that reach it alone. Dashed: Loewe's line; below it is synergy. */
function isobologram(pair, lines) {
  const [first, second] = pair.split("+");
  const side = 232, left = 40, top = 10, right = side - 12, bottom = side - 40;
  const most = within(Math.max(...Object.values(lines).flat(2)) * 1.05, 1.2, 3);
  const x = (share) => left + (within(share, 0, most) / most) * (right - left), y = (share) => bottom - (within(share, 0, most) / most) * (bottom - top);
  const picture = drawn("svg", { width: side, height: side, viewBox: `0 0 ${side} ${side}`, role: "img", class: "isobologram" });
  picture.append(drawn("title", {}, `Isoboles of ${plus(pair)}`));
  for (let at = 0; at <= most; at += most > 2 ? 1 : 0.5) {
    picture.append(line(x(at), top, x(at), bottom), line(left, y(at), right, y(at)),
      words(x(at), bottom + 14, at, { "text-anchor": "middle", fill: MUTED, "font-size": 10.5 }), words(left - 5, y(at) + 4, at, { "text-anchor": "end", fill: MUTED, "font-size": 10.5 }));
  }
  picture.append(line(x(0), y(1), x(1), y(0), { stroke: INK, "stroke-dasharray": "4 3" }));
  Object.entries(lines).forEach(([effect, points], place) => {
    const path = [[1, 0], ...[...points].reverse(), [0, 1]].map(([a, b], n) => `${n ? "L" : "M"}${x(b).toFixed(1)} ${y(a).toFixed(1)}`).join("");
    picture.append(drawn("path", { d: path, fill: "none", stroke: LEVELS[effect], "stroke-width": 1.8, class: "isobole" }),
      ...points.map(([a, b]) => drawn("circle", { cx: x(b), cy: y(a), r: 2.6, fill: LEVELS[effect] })),
      drawn("circle", { cx: right - 36, cy: top + 6 + 14 * place, r: 4, fill: LEVELS[effect] }),
      words(right, top + 10 + 14 * place, `${effect} %`, { "text-anchor": "end" }));
  });
  picture.append(
    words((left + right) / 2, side - 8, `${second}, of its dose alone`, { "text-anchor": "middle", fill: MUTED, "font-size": 10.5 }),
    words(12, (top + bottom) / 2, `${first}, of its dose alone`, { "text-anchor": "middle", fill: MUTED, "font-size": 10.5, transform: `rotate(-90 12 ${(top + bottom) / 2})` }));
  return picture;
}

/** Fill the place of one cell with the matrices of the first pairs among its rows, best first. */
function drawPairs(place, rows, cell) {
  const found = content.pairs[content.views[choice.view][0]]?.[cell] ?? {};
  const shown = [...new Set(rows.map((row) => read(row, "intervention")))].filter((name) => name in found).slice(0, PAIRS);
  const isoboles = content.isoboles[content.views[choice.view][0]]?.[cell] ?? {};
  place.replaceChildren(...shown.flatMap((pair) => [
    element("h4", {}, plus(pair)), element("div", { className: "matrices" },
      ...MATRICES.map((each) => matrix(pair, found[pair], each)), ...(pair in isoboles ? [isobologram(pair, isoboles[pair])] : []))]));
  if (shown.length) place.append(element("p", { className: "caption" }, "Medians; in italics: the 5–95 % interval of the draws includes no excess. Isoboles: doses that reach an effect together, each as a share of its dose that reaches it alone; dashed: Loewe additivity, below it is synergy."));
}
