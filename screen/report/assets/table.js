// The ranked table: unpack, filter, sort, show. No library, no request. A column that is filtered to one value is hidden.
(async () => {
  const packed = document.getElementById("packed").textContent.trim();
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const { text, columns, rows, words } = JSON.parse(await new Response(stream).text());
  const at = Object.fromEntries(columns.map((name, index) => [name, index]));
  const show = (row, name) => (name in text ? text[name][row[at[name]]] : row[at[name]]);
  const percent = (value) => (value === null ? "" : (100 * value).toFixed(value && Math.abs(value) < 0.1 ? 1 : 0));
  const number = (name) => (row) => { const value = show(row, name); return value === null ? "" : String(value); };
  const between = (low, high) => (row) => (show(row, low) === null ? "" : percent(show(row, low)) + " to " + percent(show(row, high)));
  const doses = (row) => [show(row, "dose_a_nM"), show(row, "dose_b_nM")].filter((dose) => dose !== null).join(" + ");
  const flag = (row) => ({ inside: "", mixed: " *", none: "", above_tested: "> tested", below_tested: "< tested" })[show(row, "ic50_flag")];
  const CHANGE = "_change_p50";
  const FILTERS = ["context", "hypothesis", "readout", "dose_basis"];
  const plain = (name) => (row) => show(row, name).replaceAll("_", " ");
  const SHOWN = [
    ["Context", "context", plain("context")],
    ["Hypothesis", "hypothesis", plain("hypothesis")],
    ["Read-out", "readout", plain("readout")],
    ["Dose basis", "dose_basis", plain("dose_basis")],
    ["Rank", "rank", number("rank")],
    ["Intervention", "intervention", number("intervention")],
    ["Class", "drug_classes", number("drug_classes")],
    ["Route", "route", number("route")],
    ["Dose [nM]", "dose_a_nM", doses],
    [words.effect + " [%]", "suppression_p50", (row) => (show(row, "route") === "none" ? "no route" : percent(show(row, "suppression_p50")))],
    ["5–95 %", "suppression_p05", between("suppression_p05", "suppression_p95")],
    ["5–95 % of draws alone", "suppression_p05_bare", between("suppression_p05_bare", "suppression_p95_bare")],
    ["Rank 5–95 %", "rank_p05", (row) => (show(row, "rank_p05") === null ? "" : show(row, "rank_p05") + "–" + show(row, "rank_p95"))],
    ["P(best) [%]", "p_best", (row) => percent(show(row, "p_best"))],
    ["P(top 5) [%]", "p_top5", (row) => percent(show(row, "p_top5"))],
    [words.dose + " [nM]", "ic50_nM", (row) => number("ic50_nM")(row) + flag(row)],
    ...columns.filter((name) => name.endsWith(CHANGE)).map((name) => [name.slice(0, -CHANGE.length) + " [log2]", name, number(name)]),
    ["Over Bliss [%]", "excess_bliss_p50", (row) => percent(show(row, "excess_bliss_p50"))],
    ["Draws lost", "failed", number("failed")],
  ];
  const STEP = 100;
  const state = { column: "rank", down: false, limit: STEP };
  const body = document.querySelector("#ranked tbody");
  const search = document.getElementById("search");
  const selects = FILTERS.map((name) => document.getElementById("filter-" + name));

  FILTERS.forEach((name, index) => {
    const select = selects[index];
    for (const value of text[name]) select.append(new Option(value.replaceAll("_", " "), value));
    select.value = text[name].includes(select.dataset.first) ? select.dataset.first : "";
    select.addEventListener("change", refresh);
  });
  search.addEventListener("input", refresh);
  document.getElementById("more").addEventListener("click", () => { state.limit += STEP; draw(); });

  const head = document.querySelector("#ranked thead tr");
  for (const [title, column] of SHOWN) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: title });
    button.addEventListener("click", () => {
      state.down = state.column === column ? !state.down : column in DOWN_FIRST;
      state.column = column;
      refresh();
    });
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.dataset.column = column;
    if (!(column in text)) cell.className = "number";
    cell.append(button);
    head.append(cell);
  }

  function refresh() { state.limit = STEP; draw(); }

  function draw() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = rows.filter((row) =>
      selects.every((select, index) => !select.value || show(row, FILTERS[index]) === select.value) &&
      words.every((word) => (show(row, "intervention") + " " + show(row, "drug_classes")).toLowerCase().includes(word)));
    const chosen = new Set(FILTERS.filter((_, index) => selects[index].value));
    const sign = state.down ? -1 : 1;
    found.sort((a, b) => {
      const [x, y] = [show(a, state.column), show(b, state.column)];
      if (x === null || y === null) return (x === null) - (y === null);
      return sign * (typeof x === "string" ? x.localeCompare(y) : x - y);
    });
    body.replaceChildren(...found.slice(0, state.limit).map((row) => {
      const line = document.createElement("tr");
      for (const [, column, write] of SHOWN) {
        const cell = document.createElement("td");
        cell.textContent = write(row);
        cell.hidden = chosen.has(column);
        if (!(column in text)) cell.className = "number";
        line.append(cell);
      }
      return line;
    }));
    for (const cell of head.children) {
      cell.hidden = chosen.has(cell.dataset.column);
      cell.ariaSort = cell.dataset.column !== state.column ? "none" : state.down ? "descending" : "ascending";
    }
    document.getElementById("count").textContent = `${found.length} rows, ${Math.min(found.length, state.limit)} shown`;
    document.getElementById("more").hidden = found.length <= state.limit;
  }
  draw();
})();
const DOWN_FIRST = { suppression_p50: 1, suppression_p05: 1, suppression_p05_bare: 1, p_best: 1, p_top5: 1, excess_bliss_p50: 1, failed: 1 };
