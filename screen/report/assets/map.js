// Every drug that moves what is ranked against every chosen cell, in as many blocks of columns as the width needs.
const map = document.getElementById("drug-map");
const pager = { block: 0 };
const NARROWEST = 26, WIDEST = 52; // width of a column [px]

function ramp(value) {
  const at = ((Math.max(-1, Math.min(1, value)) + 1) / 2) * (content.ramp.length - 1);
  const low = Math.min(Math.floor(at), content.ramp.length - 2);
  const parts = [low, low + 1].map((i) => [1, 3, 5].map((from) => parseInt(content.ramp[i].slice(from, from + 2), 16)));
  const mixed = parts[0].map((from, i) => Math.round(from + (at - low) * (parts[1][i] - from)));
  const dark = 0.299 * mixed[0] + 0.587 * mixed[1] + 0.114 * mixed[2] < 140;
  return [`rgb(${mixed})`, dark ? "#fff" : "#1b2027"];
}

/** Drugs (by class, the strongest first), their row in each cell, and those that move nothing. */
function mapped(rows) {
  const drugs = new Map();
  for (const row of rows) if (read(row, "dose_b_nM") === null) drugs.set(read(row, "intervention"), { row, at: new Map() });
  const shown = new Set(rows.map((row) => columns.cell[row]));
  for (const row of rowsOfView[choice.view]) {
    const drug = drugs.get(read(row, "intervention"));
    if (drug && read(row, "dose_b_nM") === null && shown.has(columns.cell[row])) drug.at.set(columns.cell[row], row);
  }
  const moved = [], still = [];
  for (const [name, drug] of drugs) {
    const effects = [...drug.at.values()].filter((row) => read(row, "rank") !== null).map((row) => read(row, "suppression_p50"));
    const place = classOrder.indexOf(read(drug.row, "drug_classes"));
    const entry = { name, place, drugClass: read(drug.row, "drug_classes"), at: drug.at, most: Math.max(...effects, -1) };
    (effects.some((effect) => Math.abs(effect) >= content.noticed) || choice.words.length || own.has(name) ? moved : still).push(entry);
  }
  moved.sort((a, b) => a.place - b.place || b.most - a.most || a.name.localeCompare(b.name));
  return { moved, still: still.map((each) => each.name).sort(), shown: [...shown].sort((a, b) => a - b) };
}

function mapBlock({ moved }, part, width) {
  const head = element("tr", {}, element("td", {}));
  for (const cell of part) {
    const label = element("span", {}, cells[cell].title);
    if (cells[cell].short) label.append(element("small", {}, cells[cell].short));
    const button = element("button", { type: "button", title: "Show this cell alone", className: cells[cell].own ? "own" : "" }, label);
    button.addEventListener("click", () => chooseCells(String(cell)));
    head.append(element("th", { scope: "col" }, button));
  }
  const body = element("tbody");
  let last = "";
  for (const drug of moved) {
    if (drug.drugClass !== last) {
      last = drug.drugClass;
      const mark = element("i", { style: `background:${colourOf(last)}` });
      body.append(element("tr", { className: "class" }, element("th", { colSpan: part.length + 1, scope: "rowgroup" }, mark, last)));
    }
    const name = element("button", { type: "button", title: "Show this drug alone", className: own.has(drug.name) ? "own" : "" }, drug.name);
    name.addEventListener("click", () => search(drug.name));
    const line = element("tr", {}, element("th", { scope: "row" }, name));
    for (const cell of part) line.append(mapCell(drug.at.get(cell)));
    body.append(line);
  }
  return element("table", { className: "map", style: `width:${width}px` }, element("thead", {}, head), body);
}

function mapCell(row) {
  const value = row === undefined || read(row, "rank") === null ? null : read(row, "suppression_p50");
  if (value === null) return element("td", { className: "none" }, "–");
  const number = (100 * value).toFixed(0).replace(/^-?0$/, "·").replace("-", "−");
  const unsure = read(row, "suppression_p05") <= 0 && read(row, "suppression_p95") >= 0;
  const [paper, ink] = ramp(value);
  const route = read(row, "route") === "none" ? "; no route in this network" : "";
  return element("td", {
    className: unsure ? "unsure" : "",
    style: `background:${paper};color:${ink}`,
    title: `${read(row, "intervention")}, ${cellTitle(columns.cell[row])}: ${percent(value)} % (${percent(read(row, "suppression_p05"))} to ${percent(read(row, "suppression_p95"))})${route}`,
  }, number);
}

function drawMap(rows) {
  const found = mapped(rows);
  const width = choice.paper ? PAPER : map.clientWidth;
  const named = width < 600 ? 104 : 130;
  const fit = Math.max(1, Math.floor((width - named) / NARROWEST));
  const blocks = [];
  for (let i = 0; i < found.shown.length; i += fit) blocks.push(found.shown.slice(i, i + fit));
  pager.block = Math.max(0, Math.min(pager.block, blocks.length - 1));
  const seen = choice.paper ? blocks : blocks.slice(pager.block, pager.block + 1);
  map.style.setProperty("--named", named + "px");
  const column = Math.max(NARROWEST, Math.min(WIDEST, Math.floor((width - named) / Math.min(fit, found.shown.length || 1))));
  map.replaceChildren(...(found.moved.length ? seen.map((part) => mapBlock(found, part, named + column * part.length)) : [element("p", {}, `No drug that is searched for moves ${goal.name} here.`)]));
  const bar = document.getElementById("map-pages");
  bar.hidden = choice.paper || blocks.length < 2;
  if (!bar.hidden) {
    const part = blocks[pager.block];
    const first = found.shown.indexOf(part[0]) + 1;
    document.getElementById("map-where").textContent = `cells ${first} to ${first + part.length - 1} of ${found.shown.length}`;
  }
  document.getElementById("map-still").textContent = found.still.length
    ? `Not shown, since they move ${goal.name} by less than ${percent(content.noticed)} % in every cell shown: ${found.still.join(", ")}.` : "";
}

for (const [id, step] of [["map-back", -1], ["map-on", 1]]) {
  document.getElementById(id).addEventListener("click", () => { pager.block += step; drawMap(chosenRows()); });
}
