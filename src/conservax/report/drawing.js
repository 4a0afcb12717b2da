// Drawing for all pictures: numbers, ticks, boxes, colours, data points.

const data = JSON.parse(document.getElementById("picture-data").textContent);
const byId = (id) => document.getElementById(id);
const canvas = byId("canvas"), ctx = canvas.getContext("2d");

// ---- numbers out of base64

const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const floats = (text) => new Float32Array(bytes(text).buffer);
const shorts = (text) => new Uint16Array(bytes(text).buffer);

const dim = data.columns.length;
const colours = bytes(data.colours);
const points = data.points && { ...data.points, t: shorts(data.points.t), x: shorts(data.points.x) };
const levels = data.levels && bytes(data.levels);

// ---- text and ticks

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const font = (size, weight = "") => `${weight} ${size}px ${css("--sans")}`;

function written(value, digits = 3, power = false) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text = power || size >= 1e5 || size < 1e-3 ? value.toExponential(digits - 1) : String(+value.toPrecision(digits));
  return text.replace(/-/g, "−").replace(/e\+?/, "e");
}

// Steps of 1, 2 or 5 times a power of ten. The position of a tick is exactly the number of its label.
function ticks(low, high, wanted) {
  const rungs = [1, 2, 5];
  const rung = (n) => [rungs[((n % 3) + 3) % 3], Math.floor(n / 3)];
  // Divided by a whole power, a tick is the number nearest to its label; multiplied by 0.1 it is not.
  const value = (n, k) => (rung(n)[1] < 0 ? (k * rung(n)[0]) / 10 ** -rung(n)[1] : k * rung(n)[0] * 10 ** rung(n)[1]);
  const within = (n) => {
    const found = [], step = value(n, 1);
    for (let k = Math.ceil(low / step); value(n, k) <= high && found.length < 1000; k++) found.push(value(n, k) || 0);
    return found;
  };
  let n = 3 * Math.floor(Math.log10((high - low) / wanted));
  while (value(n, 1) < (high - low) / wanted) n++;
  const last = n - 6; // a scale needs two ticks; numbers too near to each other to differ have none
  while (n > last && within(n).length < 2) n--;
  const places = Math.max(0, -rung(n)[1]), largest = Math.max(Math.abs(low), Math.abs(high));
  const digits = Math.max(1, Math.min(17, Math.floor(Math.log10(largest)) - rung(n)[1] + 1));
  const text = (v) => (largest < 1e6 && places < 6 ? v.toFixed(places).replace(/-/, "−") : written(v, digits, true));
  return within(n).map((v) => [v, text(v), places]);
}

const asWritten = (_, text) => text;
const LABEL_GAP = 7, NAME_GAP = 6; // between box, labels and name

// A longitude or latitude as on maps; across the date line longitudes exceed 180.
function compass(value, [positive, negative], places = 4) {
  const turned = ((value + 540) % 360) - 180, size = +Math.abs(turned).toFixed(places);
  return `${size}°${size % 180 ? (turned > 0 ? positive : negative) : ""}`;
}

// A name cut to a length in pixels, in the font that is set.
function fitted(name, room) {
  if (ctx.measureText(name).width <= room) return name;
  const letters = [...name];
  while (letters.length && ctx.measureText(letters.join("") + "…").width > room) letters.pop();
  return letters.join("") + "…";
}

const tickCount = { x: (width) => Math.max(3, width / 85), y: (height) => Math.max(3, height / 55) };

function widest(marks, text, size) {
  ctx.font = font(size);
  return Math.max(0, ...marks.map((mark) => ctx.measureText(text(...mark)).width));
}

// Pixels that labels and name need to the left of a box, and half a label to the right of it.
function leftRoom(ys, height, { text = asWritten, size = 12 } = {}) {
  return Math.ceil(widest(ticks(...ys, tickCount.y(height)), text, size)) + LABEL_GAP + NAME_GAP + size + 5;
}

function rightRoom(xs, width, { text = asWritten, size = 12 } = {}) {
  return Math.ceil(widest(ticks(...xs, tickCount.x(width)), text, size) / 2) + 2;
}

// ---- a box of the picture: pixels of data, its frame and labels

function makeBox(left, top, width, height, xs, ys) {
  return {
    left, top, width, height, xs, ys,
    x: (v) => left + ((v - xs[0]) / (xs[1] - xs[0])) * width,
    y: (v) => top + height - ((v - ys[0]) / (ys[1] - ys[0])) * height,
  };
}

function drawFrame(box, { xLabel, yLabel, grid = false, xTicks = true, yTicks = true, size = 12, xText = asWritten, yText = asWritten }) {
  ctx.font = font(size);
  ctx.lineWidth = 1;
  ctx.fillStyle = css("--muted");
  ctx.textAlign = "center";
  ctx.textBaseline = "top";
  for (const [v, number, places] of ticks(...box.xs, tickCount.x(box.width))) {
    const x = Math.round(box.x(v)) + 0.5;
    stroke([[x, box.top + box.height], [x, box.top + box.height + 4]], css("--muted"));
    if (grid) stroke([[x, box.top], [x, box.top + box.height]], css("--line"));
    if (xTicks) ctx.fillText(xText(v, number, places), x, box.top + box.height + 7);
  }
  ctx.textAlign = "right";
  ctx.textBaseline = "middle";
  // No ticks at all where the height has no unit.
  const marks = yTicks === null ? [] : ticks(...box.ys, tickCount.y(box.height));
  for (const mark of marks) {
    const [v] = mark;
    const y = Math.round(box.y(v)) + 0.5;
    stroke([[box.left - 4, y], [box.left, y]], css("--muted"));
    if (grid) stroke([[box.left, y], [box.left + box.width, y]], css("--line"));
    if (yTicks) ctx.fillText(yText(...mark), box.left - LABEL_GAP, y);
  }
  const labels = yTicks ? widest(marks, yText, size) : 0;
  ctx.strokeStyle = css("--muted");
  ctx.strokeRect(box.left + 0.5, box.top + 0.5, box.width - 1, box.height - 1);
  ctx.fillStyle = css("--ink");
  ctx.font = font(size + 1, "600");
  ctx.textAlign = "center";
  ctx.textBaseline = "top";
  if (xLabel) ctx.fillText(fitted(xLabel, box.width), box.left + box.width / 2, box.top + box.height + 13 + size);
  if (yLabel) {
    ctx.save();
    ctx.translate(box.left - labels - LABEL_GAP - NAME_GAP, box.top + box.height / 2);
    ctx.rotate(-Math.PI / 2);
    ctx.textBaseline = "bottom";
    ctx.fillText(fitted(yLabel, box.height), 0, 0);
    ctx.restore();
  }
}

function stroke(path, colour, width = 1) {
  ctx.beginPath();
  path.forEach(([x, y], i) => (i ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.stroke();
}

function inside(box, draw) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(box.left, box.top, box.width, box.height);
  ctx.clip();
  draw();
  ctx.restore();
}

// ---- colour: a level is 255 times the root of density / largest

const DECADES = 4;

function shade(share, scale) {
  if (scale === "linear") return share;
  if (scale === "root") return Math.sqrt(share);
  return share > 0 ? Math.max(0, 1 + Math.log10(share) / DECADES) : 0;
}

function barTicks(largest, scale) {
  if (scale !== "log") return ticks(0, largest, 5);
  const top = Math.floor(Math.log10(largest));
  return Array.from({ length: DECADES }, (_, k) => 10 ** (top - k))
    .filter((v) => v >= largest * 10 ** -DECADES)
    .map((v) => [v, written(v, 1)]);
}

function palette(scale) {
  const table = new Uint8ClampedArray(256 * 3);
  for (let level = 0; level < 256; level++) {
    const c = Math.round(255 * shade((level / 255) ** data.root, scale));
    table.set(colours.subarray(3 * c, 3 * c + 3), 3 * level);
  }
  return table;
}

const tile = document.createElement("canvas");

function drawLevels(box, start, side, table) {
  tile.width = tile.height = side;
  const pen = tile.getContext("2d"), image = pen.createImageData(side, side);
  for (let row = 0; row < side; row++) {
    for (let col = 0; col < side; col++) {
      const from = 3 * levels[start + row * side + col], to = 4 * ((side - 1 - row) * side + col);
      for (let k = 0; k < 3; k++) image.data[to + k] = table[from + k];
      image.data[to + 3] = 255;
    }
  }
  pen.putImageData(image, 0, 0);
  ctx.imageSmoothingEnabled = true;
  ctx.imageSmoothingQuality = "high";
  ctx.drawImage(tile, box.left, box.top, box.width, box.height);
}

function drawColourBar(left, top, height, scale, label, largest) {
  for (let i = 0; i < height; i++) {
    const c = 3 * Math.round(255 * (1 - i / (height - 1)));
    ctx.fillStyle = `rgb(${colours[c]},${colours[c + 1]},${colours[c + 2]})`;
    ctx.fillRect(left, top + i, 14, 1.5);
  }
  ctx.strokeStyle = css("--muted");
  ctx.lineWidth = 1;
  ctx.strokeRect(left + 0.5, top + 0.5, 13, height - 1);
  ctx.font = font(12);
  ctx.fillStyle = css("--muted");
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  for (const [v, text] of barTicks(largest, scale)) {
    const y = top + height * (1 - shade(v / largest, scale));
    stroke([[left + 14, y], [left + 18, y]], css("--muted"));
    ctx.fillText(text, left + 22, y);
  }
  ctx.save();
  ctx.translate(left + 84, top + height / 2);
  ctx.rotate(-Math.PI / 2);
  ctx.textAlign = "center";
  ctx.fillStyle = css("--ink");
  ctx.font = font(12);
  ctx.fillText(fitted(label, height + 20), 0, 0);
  ctx.restore();
}

// ---- data near the time of the frame

function near(frame) {
  const found = [];
  if (!points) return found;
  const now = data.unitTimes[frame] * 65535, reach = points.window * 65535;
  for (let i = 0; i < points.count; i++) {
    const away = Math.abs(points.t[i] - now);
    if (away <= reach) found.push([i, 1 - away / reach]);
  }
  return found;
}

const coordinate = (i, d) => data.bounds[d][0] + (points.x[i * dim + d] / 65535) * (data.bounds[d][1] - data.bounds[d][0]);

function drawDots(box, found, dx, dy, largest) {
  const radius = Math.min(largest, Math.max(1.2, 36 / Math.sqrt(found.length)));
  inside(box, () => {
    for (const [i, weight] of found) {
      ctx.globalAlpha = 0.45 + 0.55 * weight;
      ctx.beginPath();
      ctx.arc(box.x(coordinate(i, dx)), box.y(coordinate(i, dy)), radius, 0, 2 * Math.PI);
      ctx.fillStyle = "#5fe3d0";
      ctx.fill();
      if (radius < 2) continue;
      ctx.strokeStyle = "#06231f";
      ctx.lineWidth = 1;
      ctx.stroke();
    }
  });
}
