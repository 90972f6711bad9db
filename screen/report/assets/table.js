// The ranked table: the chosen rows, sorted; and as CSV.
const flagOf = (row) => ({ mixed: " *", above_tested: "> tested", below_tested: "< tested" })[read(row, "ic50_flag")] ?? "";
const text = (column) => (row) => { const value = read(row, column); return value === null ? "" : String(value).replace("-", "−"); };
const between = (low, high, write) => (row) => (read(row, low) === null ? "" : `${write(read(row, low))} to ${write(read(row, high))}`);
const doses = (row) => ["dose_a_nM", "dose_b_nM", "dose_c_nM"].map((each) => read(row, each)).filter((each) => each !== null).join(" + ");
const routeOf = (row) => [
  read(row, "route"),
  read(row, "mechanism").includes("indirect") ? "(mechanism inferred)" : "",
  read(row, "unmeasured_variants") ? `(not measured on ${read(row, "unmeasured_variants")})` : "",
].filter(Boolean).join(" ");

const CHANGE = "_change_p50";

// Title, column that sorts, what is written, and from which width on it is shown (3: when asked for).
const SHOWN = [
  ["Cell", "cell", (row) => cellTitle(columns.cell[row]), 0],
  ["Rank", "rank", text("rank"), 0],
  ["Intervention", "intervention", (row) => plus(read(row, "intervention")), 0],
  ["Class", "drug_classes", (row) => plus(read(row, "drug_classes")), 2],
  ["Acts through", "acts_through", text("acts_through"), 2],
  ["Route", "route", routeOf, 1],
  ["Dose [nM]", "dose_a_nM", doses, 1],
  [`${goal.way === "up" ? "Up" : "Down"} by [%]`, "suppression_p50", (row) => percent(read(row, "suppression_p50")), 0],
  ["5–95 %", "suppression_p05", between("suppression_p05", "suppression_p95", percent), 1],
  ["Rank 5–95 %", "rank_p05", between("rank_p05", "rank_p95", String), 1],
  ["P(best) [%]", "p_best", (row) => percent(read(row, "p_best")), 0],
  ["Regret [%]", "expected_regret", (row) => percent(read(row, "expected_regret")), 1],
  [`${goal.dose[0].toUpperCase()}${goal.dose.slice(1)} [nM]`, "ic50_nM", (row) => text("ic50_nM")(row) + flagOf(row), 2],
  ["Over Bliss [%]", "excess_bliss_p50", (row) => percent(read(row, "excess_bliss_p50")), 2],
  ["P(top 5) [%]", "p_top5", (row) => percent(read(row, "p_top5")), 3],
  ["5–95 % of draws alone", "suppression_p05_bare", between("suppression_p05_bare", "suppression_p95_bare", percent), 3],
  ...Object.keys(columns).filter((name) => name.endsWith(CHANGE)).map((name) => [name.slice(0, -CHANGE.length) + " [log2]", name, text(name), 3]),
  ["Draws lost", "failed", text("failed"), 3],
];
const DOWN_FIRST = new Set(["suppression_p50", "suppression_p05", "suppression_p05_bare", "p_best", "p_top5", "excess_bliss_p50", "failed"]);
const STEP = 100;
const sorting = { column: "rank", down: false, limit: STEP };
const head = document.querySelector("#ranked thead tr");
const body = document.querySelector("#ranked tbody");
const classOf = (column, from) => `from${from} ` + (column === "cell" ? "cell" : column in names ? "" : "number");

for (const [title, column, , from] of SHOWN) {
  const button = element("button", { type: "button" }, title);
  button.addEventListener("click", () => {
    sorting.down = sorting.column === column ? !sorting.down : DOWN_FIRST.has(column);
    sorting.column = column;
    drawTable(chosenRows());
  });
  head.append(element("th", { scope: "col", className: classOf(column, from), "data-column": column }, button));
}

function sorted(rows) {
  const sign = sorting.down ? -1 : 1;
  return rows.slice().sort((a, b) => {
    const [x, y] = [read(a, sorting.column), read(b, sorting.column)];
    if (x === null || y === null) return (x === null) - (y === null);
    return sign * (typeof x === "string" ? x.localeCompare(y) : x - y) || columns.cell[a] - columns.cell[b];
  });
}

function drawTable(rows) {
  const found = sorted(rows);
  body.replaceChildren(...found.slice(0, sorting.limit).map((row) => element("tr", { className: own.has(read(row, "intervention")) ? "own" : "" },
    ...SHOWN.map(([, column, write, from]) => element("td", { className: classOf(column, from) }, write(row))))));
  for (const cell of head.children) {
    cell.ariaSort = cell.dataset.column !== sorting.column ? "none" : sorting.down ? "descending" : "ascending";
  }
  document.getElementById("ranked").classList.toggle("alone", new Set(rows.map((row) => columns.cell[row])).size === 1);
  document.getElementById("count").textContent = `${found.length} rows, ${Math.min(found.length, sorting.limit)} shown`;
  document.getElementById("more").hidden = found.length <= sorting.limit;
}

/** A cell of a CSV: quoted where it must be, a formula escaped as in the tables of the screen. */
function csvCell(value) {
  const text = value === null ? "" : typeof value === "string" && /^'*[=+\-@\t\r][\s\S]/.test(value) ? "'" + value : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function csv() {
  const [readout, basis] = content.views[choice.view];
  const wanted = Object.keys(columns).filter((name) => name !== "cell" && name !== "view");
  const lines = sorted(chosenRows()).map((row) => {
    const cell = cells[columns.cell[row]];
    return [cell.context, cell.hypothesis, readout, basis, ...wanted.map((name) => read(row, name))];
  });
  return [["context", "hypothesis", "readout", "dose_basis", ...wanted], ...lines].map((each) => each.map(csvCell).join(",") + "\n").join("");
}

document.getElementById("more").addEventListener("click", () => { sorting.limit += STEP; drawTable(chosenRows()); });
document.getElementById("csv").addEventListener("click", () => {
  const link = element("a", { href: URL.createObjectURL(new Blob([csv()], { type: "text/csv" })), download: "ranked_shown.csv" });
  link.click();
  URL.revokeObjectURL(link.href);
});
document.getElementById("all-columns").addEventListener("change", (event) => document.getElementById("ranked").classList.toggle("all", event.target.checked));
