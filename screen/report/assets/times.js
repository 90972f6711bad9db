// Effects over time: an intervention at every time that was simulated, at its doses on the chosen basis.

/** The times of the chosen basis that are points, ascending: its view, minutes after the stimulus, and words. */
function timesOfBasis() {
  const basis = content.views[choice.view][1];
  const found = content.views.map((view, at) => ({ view: at, minutes: view[4], words: view[2] }));
  return found.filter((each) => content.views[each.view][1] === basis && each.minutes !== null).sort((a, b) => a.minutes - b.minutes);
}

/** The rows of one intervention in one cell at these times, with those; only where there is an effect. */
function overTime(row, times) {
  const same = (each) => columns.cell[each] === columns.cell[row] && columns.intervention[each] === columns.intervention[row];
  return times.map((time) => ({ ...time, row: rowsOfView[time.view].find(same) })).filter((each) => each.row !== undefined && read(each.row, "suppression_p50") !== null);
}

/** Effect over time: band of 5 to 95 %, median, and the simulated times. */
function timeCourse(row, points, width) {
  const height = 150, left = 36, right = width - 8, top = 24, bottom = height - 22;
  const picture = drawn("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", class: "course" });
  const name = plus(read(row, "intervention")), colour = colourOf(read(row, "drug_classes"));
  const at = (column) => points.map((each) => read(each.row, column));
  const [low, middle, high] = ["suppression_p05", "suppression_p50", "suppression_p95"].map(at);
  const floor = Math.min(0, ...low), ceiling = Math.max(1, ...high);
  const ends = [points[0], points.at(-1)].map((each) => Math.log(each.minutes + 1));
  const x = (minutes) => left + 8 + ((Math.log(minutes + 1) - ends[0]) / (ends[1] - ends[0])) * (right - left - 22);
  const y = (value) => bottom - ((value - floor) / (ceiling - floor)) * (bottom - top);
  picture.append(drawn("title", {}, `${name} over time`));
  for (const value of [floor, 0, 0.5, 1].filter((each, i) => i || each < -0.2)) {
    picture.append(line(left, y(value), right, y(value)), words(left - 5, y(value) + 4, percent(value), { "text-anchor": "end", fill: MUTED, "font-size": 10.5 }));
  }
  const path = (values, order) => order.map((i, n) => `${n ? "L" : "M"}${x(points[i].minutes).toFixed(1)} ${y(values[i]).toFixed(1)}`).join("");
  const order = points.map((_, i) => i);
  picture.append(
    drawn("path", { d: path(high, order) + path(low, [...order].reverse()).replace("M", "L") + "z", fill: colour, "fill-opacity": 0.2 }),
    drawn("path", { d: path(middle, order), fill: "none", stroke: colour, "stroke-width": 1.8 }));
  points.forEach((each, i) => {
    const anchor = i === 0 ? "start" : i === points.length - 1 ? "end" : "middle";
    const shown = points.length < 4 || anchor !== "middle";
    picture.append(drawn("circle", { cx: x(each.minutes), cy: y(middle[i]), r: 2.6, fill: colour }),
      words(x(each.minutes) + { start: -8, middle: 0, end: 8 }[anchor], bottom + 16, shown ? each.words.replace(/^At /, "") : "", { "text-anchor": anchor, fill: MUTED, "font-size": 10.5 }));
  });
  const room = Math.floor((right - left) / 7);
  picture.append(words(left, 13, name.length > room ? name.slice(0, room - 1) + "…" : name, { "font-weight": 600, "font-size": 12 }));
  return picture;
}

/** The courses of some rows beside each other; nothing where there is one time only. */
function timeCourses(rows, width) {
  const times = timesOfBasis(), many = Math.max(1, Math.min(6, Math.floor(width / 165)));
  const found = rows.map((row) => [row, overTime(row, times)]).filter(([, points]) => points.length > 1);
  if (!found.length) return [];
  const caption = `Over time: ${goal.name} ${goal.way} by [%], 5–95 %, at the doses of this basis.`;
  return [element("div", { className: "curves times" }, element("p", { className: "caption" }, caption),
    ...found.map(([row, points]) => timeCourse(row, points, Math.floor(width / many) - 6)))];
}
