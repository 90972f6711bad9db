// Dose matrices of pairs: what each dose of both does, and how far that goes beyond Bliss and Loewe.
const PAIRS = 3;
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

/** Fill the place of one cell with the matrices of the first pairs among its rows, best first. */
function drawPairs(place, rows, cell) {
  const found = content.pairs[content.views[choice.view][0]]?.[cell] ?? {};
  const shown = [...new Set(rows.map((row) => read(row, "intervention")))].filter((name) => name in found).slice(0, PAIRS);
  place.replaceChildren(...shown.flatMap((pair) => [
    element("h4", {}, plus(pair)), element("div", { className: "matrices" }, ...MATRICES.map((each) => matrix(pair, found[pair], each)))]));
  if (shown.length) place.append(element("p", { className: "caption" }, "Medians; in italics: the 5–95 % interval of the draws includes no excess."));
}
