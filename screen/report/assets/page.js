// The page: what travelled in it, what of it is chosen, and small helpers. Everything shown follows from `choice`.
"use strict";

const content = await (async () => {
  const bytes = Uint8Array.from(atob(document.getElementById("packed").textContent.trim()), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
})();
const { names, columns } = content.table;
const cells = content.cells;
const goal = content.words;
const own = new Set(content.own);
const classOrder = Object.keys(content.classes);

/** The value of a column in a row: text by its name, numbers as they are, null where there is none. */
const read = (row, column) => (column in names ? names[column][columns[column][row]] : columns[column][row]);
const cellTitle = (cell) => cells[cell].title + (cells[cell].short ? ", " + cells[cell].short : "");
const plus = (name) => name.replaceAll("+", " + ");
/** Whole percent; "<1" for what is not quite nothing and ">99" for what is not quite all. */
function percent(value) {
  if (value === null) return "";
  if (value > 0 && value < 0.005) return "<1";
  if (value >= 0.995 && value < 1) return ">99";
  return (100 * value).toFixed(0).replace(/^-0$/, "0").replace("-", "−");
}
const dose = (nM) => (nM >= 1000 ? short(nM / 1000) + " µM" : short(nM) + " nM");
const short = (value) => (value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(2))));
const colourOf = (drugClass) => content.classes[drugClass.split("+")[0]][1];

/** An element with attributes and children; text stays text. */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name in made && name !== "style") made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** The same in SVG, whose name the parser knows. */
const svgSpace = new DOMParser().parseFromString("<svg></svg>", "text/html").querySelector("svg").namespaceURI;
function drawn(tag, attributes = {}, ...children) {
  const made = document.createElementNS(svgSpace, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

const PAPER = 660; // width of a printed page [px]
const choice = { cells: new Set(cells.keys()), view: content.first, words: [], paper: false };
const rowsOfView = content.views.map(() => []);
columns.view.forEach((view, row) => rowsOfView[view].push(row));

/** Rows of the chosen view and cells whose drug, class, targets or cell have every word of the search. */
function chosenRows() {
  return rowsOfView[choice.view].filter((row) => {
    if (!choice.cells.has(columns.cell[row])) return false;
    if (!choice.words.length) return true;
    const cell = cells[columns.cell[row]];
    const text = [read(row, "intervention"), read(row, "drug_classes"), read(row, "acts_through"), cellTitle(columns.cell[row]), cell.context, cell.hypothesis]
      .join(" ").toLowerCase();
    return choice.words.every((word) => text.includes(word));
  });
}
const byRank = (a, b) => (read(a, "rank") ?? Infinity) - (read(b, "rank") ?? Infinity);
