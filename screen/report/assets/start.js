// What the reader chooses, and drawing all that follows from it.
const cellSelect = document.getElementById("choose-cell");
const readoutSelect = document.getElementById("choose-readout");
const basisSelect = document.getElementById("choose-basis");
const searchBox = document.getElementById("search");

function fillSelects() {
  const byContext = new Map();
  for (const cell of cells.keys()) byContext.set(cells[cell].context, [...(byContext.get(cells[cell].context) ?? []), cell]);
  cellSelect.append(new Option("all cells", [...cells.keys()].join()));
  for (const [, members] of byContext) {
    const mark = cells[members[0]].own ? "● " : "";
    if (members.length === 1) { cellSelect.append(new Option(mark + cells[members[0]].title, members)); continue; }
    const group = element("optgroup", { label: mark + cells[members[0]].title }, new Option(`${cells[members[0]].title}, all hypotheses`, members.join()));
    for (const cell of members) group.append(new Option(cellTitle(cell), cell));
    cellSelect.append(group);
  }
  const [readout, basis] = content.views[choice.view];
  for (const [select, at, chosen] of [[readoutSelect, 0, readout], [basisSelect, 1, basis]]) {
    for (const [value, view] of new Map(content.views.map((view) => [view[at], view]))) select.append(new Option(view[at + 2], value, false, value === chosen));
  }
}

function chooseCells(value) { cellSelect.value = value; choose(); document.getElementById("cells").scrollIntoView(); }
function search(text) { searchBox.value = text; choose(); }

function choose() {
  choice.cells = new Set(cellSelect.value.split(",").map(Number));
  const view = content.views.findIndex(([readout, basis]) => readout === readoutSelect.value && basis === basisSelect.value);
  choice.view = view < 0 ? content.views.findIndex(([readout]) => readout === readoutSelect.value) : view;
  basisSelect.value = content.views[choice.view][1];
  choice.words = searchBox.value.toLowerCase().split(/\s+/).filter(Boolean);
  sorting.limit = STEP;
  draw();
}

function draw() {
  const rows = chosenRows();
  const seen = new Set(rows.map((row) => columns.cell[row]));
  for (const place of document.querySelectorAll("[data-cells]")) place.hidden = !place.dataset.cells.split(" ").some((cell) => seen.has(Number(cell)));
  const [, , when, basis] = content.views[choice.view];
  for (const place of document.querySelectorAll(".view")) place.textContent = `${when.toLowerCase()}, ${basis}`;
  for (const place of document.querySelectorAll("[data-answer]")) {
    const [lead, through, more] = content.answers[choice.view][place.dataset.answer];
    place.querySelector(".lead").textContent = lead;
    place.querySelector(".through").textContent = through;
    place.querySelector(".more")?.replaceChildren(...more.map((sentence) => element("li", {}, sentence)));
  }
  const chosen = cellSelect.selectedIndex ? cellSelect.selectedOptions[0].label : "all cells";
  document.getElementById("chosen").textContent = `Shown: ${chosen}; ${goal.name} ${when.toLowerCase()}, ${basis}` + (choice.words.length ? `; only “${choice.words.join(" ")}”` : "") + ".";
  drawMap(rows);
  drawTable(rows);
  drawFigures();
}

// A figure is drawn when it comes near the window, and all of them before the page is printed.
const near = new Set();
const watcher = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting) near.delete(target);
    else if (!near.has(target)) { near.add(target); drawCell(target); }
  }
}, { rootMargin: "600px" });

function drawFigures() {
  for (const place of document.querySelectorAll("[data-figures]")) if (choice.paper || near.has(place)) drawCell(place);
}

function onPaper(paper) { choice.paper = paper; draw(); }

fillSelects();
for (const select of [cellSelect, readoutSelect, basisSelect]) select.addEventListener("change", choose);
searchBox.addEventListener("input", choose);
document.getElementById("clear").addEventListener("click", () => { cellSelect.selectedIndex = 0; search(""); });
addEventListener("beforeprint", () => onPaper(true));
addEventListener("afterprint", () => onPaper(false));
let lastWidth = innerWidth;
addEventListener("resize", () => { if (innerWidth !== lastWidth && !choice.paper) { lastWidth = innerWidth; draw(); } });
choose();
for (const place of document.querySelectorAll("[data-figures]")) watcher.observe(place);
document.documentElement.dataset.ready = "yes";
