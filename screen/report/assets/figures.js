// The figures of one cell, drawn at the width they have, so that their letters never shrink.
const INK = "var(--ink)", MUTED = "var(--muted)", LINE = "var(--line)";
const words = (x, y, text, more = {}) => drawn("text", { x, y, fill: INK, "font-size": 11.5, ...more }, text);
const line = (x1, y1, x2, y2, more = {}) => drawn("line", { x1, y1, x2, y2, stroke: LINE, ...more });
const within = (value, low, high) => Math.max(low, Math.min(high, value));

/** Effect and rank of the first interventions, best first, with their intervals. Filled circle: a direct route, diamond: indirect, ring: none. */
function forest(rows, width) {
  const narrow = width < 480, step = 20, top = 34;
  const name = narrow ? 112 : 190, best = 44;
  const gap = narrow ? 32 : 36, space = width - name - best - gap - 8;
  const effect = [name + 8, name + 8 + 0.56 * space], rank = [name + gap + 0.56 * space, width - best - 8];
  const low = Math.min(0, ...rows.map((row) => read(row, "suppression_p05")));
  const high = Math.max(1, ...rows.map((row) => read(row, "suppression_p95")));
  const most = Math.max(3, ...rows.map((row) => read(row, "rank_p95")));
  const x = (value) => effect[0] + ((within(value, low, high) - low) / (high - low)) * (effect[1] - effect[0]);
  const r = (value) => rank[0] + (Math.log(value) / Math.log(most)) * (rank[1] - rank[0]);
  const height = top + step * rows.length + 30;
  const picture = drawn("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img" });
  picture.append(drawn("title", {}, `${goal.effect} and rank, ${cellTitle(columns.cell[rows[0]])}`));
  const bottom = height - 26;
  const apart = [0.25, 0.5, 1, 2, 5, 10, 50, 100].find((step) => (high - low) / step <= (narrow ? 3 : 5)) ?? high;
  const ticks = [];
  for (let at = Math.ceil(low / apart) * apart; at <= high + 1e-9; at += apart) ticks.push(at);
  for (const at of ticks) {
    picture.append(line(x(at), top - 8, x(at), bottom), words(x(at), bottom + 15, percent(at), { "text-anchor": "middle", fill: MUTED }));
  }
  for (const at of [1, 2, 5, 10, 20, 50, 100, 200].filter((value) => value <= most && !(narrow && [2, 10, 20, 200].includes(value)))) {
    picture.append(line(r(at), top - 8, r(at), bottom), words(r(at), bottom + 15, at, { "text-anchor": "middle", fill: MUTED }));
  }
  const heads = narrow ? [`${goal.way} by [%]`, "rank", "P(best)"] : [`${goal.name} ${goal.way} by [%], 5–95 %`, "rank, 5–95 %", "P(best)"];
  picture.append(
    words(effect[0], 14, heads[0], { fill: MUTED }), words(rank[0], 14, heads[1], { fill: MUTED }),
    words(width, 14, heads[2], { fill: MUTED, "text-anchor": "end" }));
  rows.forEach((row, place) => {
    const y = top + step * place + 4;
    const colour = colourOf(read(row, "drug_classes")), route = read(row, "route");
    const intervention = plus(read(row, "intervention"));
    const room = narrow ? 17 : 30;
    const group = drawn("g", { class: own.has(read(row, "intervention")) ? "own" : "" });
    group.append(
      drawn("title", {}, `${intervention} (${read(row, "drug_classes")})`),
      words(name, y + 4, intervention.length > room ? intervention.slice(0, room - 1) + "…" : intervention, { "text-anchor": "end" }),
      line(x(read(row, "suppression_p05")), y, x(read(row, "suppression_p95")), y, { stroke: colour, "stroke-width": 1.4 }),
      line(x(read(row, "suppression_p05_bare")), y, x(read(row, "suppression_p95_bare")), y, { stroke: colour, "stroke-width": 4, "stroke-opacity": 0.55 }),
      marker(x(read(row, "suppression_p50")), y, colour, route),
      line(r(read(row, "rank_p05")), y, r(read(row, "rank_p95")), y, { stroke: MUTED, "stroke-width": 2 }),
      drawn("circle", { cx: r(read(row, "rank")), cy: y, r: 3.5, fill: INK }),
      words(width, y + 4, `${percent(read(row, "p_best"))} %`, { "text-anchor": "end" }));
    picture.append(group);
  });
  return picture;
}

function marker(x, y, colour, route) {
  if (route === "indirect") return drawn("path", { d: `M${x} ${y - 5.5}l5.5 5.5l-5.5 5.5l-5.5 -5.5z`, fill: colour });
  const ring = route === "none" ? { fill: "var(--card)", stroke: colour, "stroke-width": 1.8 } : { fill: colour };
  return drawn("circle", { cx: x, cy: y, r: 4.5, ...ring });
}

/** treated/vehicle over dose: band of the draws, median, tested doses, half-maximal dose, and what was measured. */
function doseResponse(row, curve, marks, width) {
  const [doses, low, middle, high] = curve;
  const height = 168, left = 36, right = width - 8, top = 24, bottom = height - 34;
  const picture = drawn("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img" });
  const drug = read(row, "intervention"), colour = colourOf(read(row, "drug_classes"));
  picture.append(drawn("title", {}, `Dose response of ${drug}`));
  const all = [...doses, ...marks.map((mark) => mark.nM)];
  const ends = [Math.log10(Math.min(...all)), Math.log10(Math.max(...all))];
  const x = (nM) => left + ((Math.log10(nM) - ends[0]) / (ends[1] - ends[0] || 1)) * (right - left - 8) + 4;
  const ceiling = Math.max(110, Math.min(goal.level < 100 ? 200 : Infinity, Math.max(...high.filter((value) => value !== null)) * 1.05));
  const y = (value) => bottom - (within(value, 0, ceiling) / ceiling) * (bottom - top);
  for (const at of [0, 50, 100, 200].filter((value) => value <= ceiling && (value !== 50 || goal.level < 100))) {
    picture.append(line(left, y(at), right, y(at), at === goal.level ? { "stroke-dasharray": "4 3" } : {}), words(left - 5, y(at) + 4, at, { "text-anchor": "end", fill: MUTED, "font-size": 10.5 }));
  }
  const decades = [];
  for (let power = Math.ceil(ends[0] - 1e-9); power <= ends[1] + 1e-9; power += 1) decades.push(10 ** power);
  decades.filter((_, i) => decades.length < 5 || i % 2 === 0).forEach((at) => {
    picture.append(line(x(at), bottom, x(at), bottom + 4), words(x(at), bottom + 16, dose(at), { "text-anchor": "middle", fill: MUTED, "font-size": 10.5 }));
  });
  const there = doses.map((_, i) => i).filter((i) => middle[i] !== null);
  const path = (values, order) => order.map((i, n) => `${n ? "L" : "M"}${x(doses[i]).toFixed(1)} ${y(values[i]).toFixed(1)}`).join("");
  picture.append(
    drawn("path", { d: path(high, there) + path(low, [...there].reverse()).replace("M", "L") + "z", fill: colour, "fill-opacity": 0.2 }),
    drawn("path", { d: path(middle, there), fill: "none", stroke: colour, "stroke-width": 1.8 }),
    ...there.map((i) => drawn("circle", { cx: x(doses[i]), cy: y(middle[i]), r: 2.6, fill: colour })));
  const [from, at, to] = ["ic50_p05_nM", "ic50_nM", "ic50_p95_nM"].map((column) => read(row, column));
  if (from !== null && to !== null) picture.append(line(x(from), y(goal.level), x(to), y(goal.level), { stroke: INK, "stroke-width": 2 }));
  if (at !== null) picture.append(line(x(at), y(goal.level) - 5, x(at), y(goal.level) + 5, { stroke: INK, "stroke-width": 2 }));
  for (const mark of marks) {
    const tip = drawn("path", { d: `M${x(mark.nM)} ${y(goal.level) - 6}l6 6l-6 6l-6 -6z`, fill: "var(--card)", stroke: INK, "stroke-width": 1.4 });
    tip.append(drawn("title", {}, `Measured IC50 ${mark.relation} ${dose(mark.nM)} free: ${mark.words}`));
    picture.append(tip);
  }
  const outside = goal.dose + ({ above_tested: " above tested", below_tested: " below tested" }[read(row, "ic50_flag")] ?? " not in range");
  picture.append(
    words(left, 13, drug, { "font-weight": 600, "font-size": 12 }),
    words(right, top + 6, at === null ? outside : `${goal.dose} ${dose(at)}`, { "text-anchor": "end", fill: MUTED, "font-size": 10.5 }),
    words((left + right) / 2, height - 3, "free concentration", { "text-anchor": "middle", fill: MUTED, "font-size": 10.5 }));
  return picture;
}

const CURVES = 6;

/** The colours of the classes of some rows. */
function legend(rows) {
  const classes = new Set(rows.flatMap((row) => read(row, "drug_classes").split("+")));
  return [...classes].map((name) => element("span", {}, element("i", { style: `background:${colourOf(name)}` }), name));
}

/** Fill the place of one cell with its figures. */
function drawCell(place) {
  const cell = Number(place.dataset.figures);
  const width = choice.paper ? PAPER - 40 : place.clientWidth;
  if (!width) return; // hidden
  const rows = chosenRows().filter((row) => columns.cell[row] === cell).sort(byRank);
  const ranked = rows.filter((row) => read(row, "rank") !== null), leaders = ranked.slice(0, content.top);
  const curves = content.curves[content.views[choice.view][0]][cell];
  const curved = ranked.filter((row) => read(row, "intervention") in curves).slice(0, CURVES);
  const marksOf = (row) => content.measured[cell].filter((mark) => mark.drug === read(row, "intervention"));
  const beside = width > 900, across = beside ? 0.45 * width : width;
  const many = Math.max(1, Math.min(3, Math.floor(across / 165)));
  const figures = leaders.length ? [forest(leaders, beside ? Math.floor(0.52 * width) : width)] : [];
  const seen = curved.map((row) => doseResponse(row, curves[read(row, "intervention")], marksOf(row), Math.floor(across / many) - 6));
  if (seen.length) figures.push(element("div", { className: "curves" }, ...seen));
  place.replaceChildren(...figures, ...timeCourses(ranked.slice(0, CURVES), width));
  const caption = place.nextElementSibling;
  caption.hidden = !leaders.length;
  caption.querySelector(".classes").replaceChildren(...legend(leaders));
  caption.querySelector(".measured").textContent = curved.flatMap(marksOf).map((mark) => `◇ ${mark.drug} ${mark.relation} ${dose(mark.nM)} free: ${mark.words}`).join("; ");
  drawPairs(place.parentElement.querySelector(".pairs"), rows, cell);
}
