// A chart of uPlot as the window uses it: lines over time from nothing upwards, in the app's tokens. It draws on a canvas and sets
// styles only by script, so the app's policy has nothing against it.
import { onTheme, token } from "/theme.mjs";

let uPlot;

// uPlot comes with the first chart that is shown.
export async function load() {
  ({ default: uPlot } = await import("/uplot.mjs"));
}

const HEIGHT = 168;
const FONT = '11px "Inter", sans-serif';
const DAY = 86400;
// What is faint lies behind what is not, and is no line of its own.
const FAINT = 0.35;

function two(number) {
  return String(number).padStart(2, "0");
}

function clock(seconds, between) {
  const at = new Date(seconds * 1000);
  const day = `${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  if (between >= DAY) {
    return day;
  }
  const minute = `${two(at.getHours())}:${two(at.getMinutes())}`;
  return between < 60 ? `${minute}:${two(at.getSeconds())}` : minute;
}

// Values with a gap on both sides, which no line goes through.
function lonely(data) {
  const places = [];
  for (let place = 0; place < data.length; place++) {
    if (data[place] != null && data[place - 1] == null && data[place + 1] == null) {
      places.push(place);
    }
  }
  return places.length > 0 ? places : null;
}

function series(line) {
  const ink = token(line.ink);
  return {
    stroke: ink,
    fill: line.filled ? token(line.tint) : undefined,
    width: line.faint ? 1 : 1.5,
    alpha: line.faint ? FAINT : 1,
    dash: line.dashed ? [5, 4] : undefined,
    spanGaps: false,
    points: { show: false, size: 4, stroke: ink, fill: ink, filter: (chart, place) => lonely(chart.data[place]) },
  };
}

export class Chart {
  // `lines` is a text of JSON; `write` gives the text of a value beside the axis, `onPoint` hears at which point the pointer is, or -1.
  constructor(host, lines, binary, write, onPoint) {
    this.host = host;
    this.lines = JSON.parse(lines);
    this.incrs = binary ? Array.from({ length: 50 }, (_, power) => 2 ** power) : undefined;
    this.write = write;
    this.onPoint = onPoint;
    this.marks = [];
    this.from = 0;
    this.to = 1;
    this.data = [[], ...this.lines.map(() => [])];
    this.begin();
    this.sizes = new ResizeObserver(() => this.measure());
    this.sizes.observe(host);
    // Colours are taken once.
    this.unfollow = onTheme(() => this.begin());
    document.fonts?.load(FONT).then(() => !this.gone && this.plot.redraw(false), () => {});
  }

  begin() {
    this.plot?.destroy();
    const axis = {
      stroke: token("--faint"),
      font: FONT,
      grid: { stroke: token("--border"), width: 1 },
      ticks: { show: false },
    };
    const options = {
      width: Math.max(this.host.clientWidth, 1),
      height: HEIGHT,
      padding: [8, 8, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        drag: { x: false, y: false, setScale: false },
        // The pointer shows the same moment in every chart of the page.
        sync: { key: "time" },
        points: { size: 6 },
      },
      scales: {
        x: { time: true, range: () => [this.from, this.to] },
        y: { range: (chart, least, most) => [0, most > 0 ? most * 1.06 : 1] },
      },
      axes: [
        { ...axis, space: 84, size: 26, values: (chart, all, place, space, between) => all.map((at) => clock(at, between)) },
        { ...axis, space: 36, size: 64, incrs: this.incrs, values: (chart, all) => all.map((value) => this.write(value)) },
      ],
      series: [{}, ...this.lines.map(series)],
      hooks: {
        drawAxes: [(chart) => this.mark(chart)],
        setCursor: [(chart) => this.onPoint(chart.cursor.idx ?? -1)],
      },
    };
    this.plot = new uPlot(options, this.data, this.host);
  }

  // All lines' values one after the other; what is no number is a gap. `marks` is a text of JSON.
  show(from, step, count, values, marks) {
    const times = Array.from({ length: count }, (_, place) => from + place * step);
    const part = (line) => values.subarray(line * count, (line + 1) * count);
    const known = (value) => (Number.isNaN(value) ? null : value);
    this.marks = JSON.parse(marks);
    this.from = from;
    this.to = from + Math.max(count - 1, 1) * step;
    // What is given lies in the window's own memory: it is copied before anybody else uses that.
    this.data = [times, ...this.lines.map((_, line) => Array.from(part(line), known))];
    this.plot.setData(this.data);
  }

  // Vertical lines for what happened.
  mark(chart) {
    const { ctx, bbox } = chart;
    ctx.save();
    ctx.lineWidth = Math.max(1, Math.round(devicePixelRatio));
    ctx.setLineDash([2 * devicePixelRatio, 2 * devicePixelRatio]);
    for (const { at, ink } of this.marks) {
      if (at < this.from || at > this.to) {
        continue;
      }
      const x = Math.round(chart.valToPos(at, "x", true));
      ctx.strokeStyle = token(ink);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  }

  // The pointer at a point, as if somebody had moved it there; -1 takes it away.
  point(place) {
    const at = this.plot.data[0][place];
    const left = at === undefined ? -10 : this.plot.valToPos(at, "x");
    this.plot.setCursor({ left, top: at === undefined ? -10 : 1 });
  }

  measure() {
    // A chart that is not shown has no size of its own.
    if (!this.gone && this.host.clientWidth > 0) {
      this.plot.setSize({ width: this.host.clientWidth, height: HEIGHT });
    }
  }

  close() {
    this.gone = true;
    this.sizes.disconnect();
    this.unfollow();
    this.plot.destroy();
  }
}
