// The terminal of xterm.js as the window uses it. What a container writes can draw here and do nothing else: titles, links and
// the clipboard are not its business, and what would ask the terminal back is not answered for output of long ago.
import { isDark, onTheme, token } from "/theme.mjs";

let Terminal, FitAddon, SearchAddon;

// xterm.js comes with the first terminal that is opened: most windows never show one.
export async function load() {
  [{ Terminal }, { FitAddon }, { SearchAddon }] = await Promise.all([
    import("/xterm.mjs"),
    import("/addon-fit.mjs"),
    import("/addon-search.mjs"),
  ]);
}

// xterm.js writes its measures into <style> elements. The app's policy forbids those; a sheet that is made by a program is none.
function styleHolder() {
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  const holder = document.createElement("span");
  holder.hidden = true;
  Object.defineProperty(holder, "textContent", { get: () => "", set: (text) => sheet.replaceSync(text) });
  Object.defineProperty(holder, "remove", {
    value: () => {
      document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet);
      Element.prototype.remove.call(holder);
    },
  });
  return holder;
}

const page = new Proxy(document, {
  get(target, name) {
    if (name === "createElement") {
      return (kind, options) => (kind === "style" ? styleHolder() : target.createElement(kind, options));
    }
    const value = Reflect.get(target, name, target);
    return typeof value === "function" ? value.bind(target) : value;
  },
  set: (target, name, value) => Reflect.set(target, name, value, target),
});

function theme() {
  const colours = {
    background: token("--surface"),
    foreground: token("--text"),
    cursor: token("--text"),
    cursorAccent: token("--surface"),
    selectionBackground: token("--progress-tint"),
    selectionForeground: token("--text"),
    black: token("--text"),
    red: token("--bad"),
    green: token("--good"),
    yellow: token("--warning"),
    blue: token("--progress"),
    magenta: token("--violet"),
    cyan: token("--accent"),
    white: token("--secondary"),
  };
  if (isDark()) {
    colours.black = token("--border");
    colours.white = token("--text");
  }
  for (const name of ["Red", "Green", "Yellow", "Blue", "Magenta", "Cyan", "White"]) {
    colours["bright" + name] = colours[name.toLowerCase()];
  }
  colours.brightBlack = token("--faint");
  return colours;
}

// How what is looked for is shown: the one that is gone to is marked, as by hand.
function foundColours() {
  const [tint, edge] = [token("--warning-tint"), token("--accent")];
  return {
    matchBackground: tint,
    matchOverviewRuler: tint,
    activeMatchBackground: token("--progress-tint"),
    activeMatchBorder: edge,
    activeMatchColorOverviewRuler: edge,
  };
}

// More places than that are not marked, and not counted.
const MOST_FOUND = 1000;

// OSC: icon and title, hyperlinks, notifications, the clipboard, and what other terminals have added.
const REFUSED = [0, 1, 2, 7, 8, 9, 50, 52, 99, 133, 633, 777, 1337];

export class Screen {
  constructor(host, label, onInput, onSize, onPaste, onDrawn, onFound) {
    this.quiet = 0;
    this.sought = "";
    this.fit = new FitAddon();
    this.search = new SearchAddon({ highlightLimit: MOST_FOUND });
    this.terminal = new Terminal({
      documentOverride: page,
      theme: theme(),
      fontFamily: '"JetBrains Mono", monospace',
      fontSize: 13,
      lineHeight: 1.25,
      scrollback: 2000,
      minimumContrastRatio: 4.5,
      cursorBlink: false,
      rightClickSelectsWord: false,
      linkHandler: { activate: () => {} },
      logLevel: "off",
      // Marks on what is found are one; none of it is in reach of what is written.
      allowProposedApi: true,
    });
    const { terminal } = this;
    for (const number of REFUSED) {
      terminal.parser.registerOscHandler(number, () => true);
    }
    terminal.loadAddon(this.fit);
    terminal.loadAddon(this.search);
    this.search.onDidChangeResults(({ resultIndex, resultCount }) => {
      if (this.sought !== "") {
        onFound(resultIndex, resultCount);
      }
    });
    this.onDrawn = onDrawn;
    const encoder = new TextEncoder();
    terminal.onData((text) => this.quiet === 0 && onInput(encoder.encode(text)));
    terminal.onBinary((text) => this.quiet === 0 && onInput(Uint8Array.from(text, (c) => c.charCodeAt(0))));
    terminal.attachCustomKeyEventHandler((event) => this.key(event));
    terminal.open(host);
    terminal.textarea?.setAttribute("aria-label", label);
    this.paste_listener = (event) => {
      event.preventDefault();
      event.stopPropagation();
      onPaste(event.clipboardData?.getData("text/plain") ?? "");
    };
    host.addEventListener("paste", this.paste_listener, true);
    this.host = host;
    this.told = "";
    this.onSize = onSize;
    this.sizes = new ResizeObserver(() => this.measure());
    this.sizes.observe(host);
    this.unfollow = onTheme(() => this.recolour());
    this.measure();
    // Cells are measured again with the font that they are drawn in.
    document.fonts?.load('13px "JetBrains Mono"').then(() => this.again(), () => {});
  }

  again() {
    if (!this.gone) {
      this.terminal.options.fontFamily = "monospace";
      this.terminal.options.fontFamily = '"JetBrains Mono", monospace';
      this.measure();
    }
  }

  // Keys of the window itself, of leaving, and of copying; everything else belongs to what runs.
  key(event) {
    if (event.key === "F6" && !event.ctrlKey && !event.altKey && !event.metaKey) {
      if (event.shiftKey && event.type === "keydown") {
        // What runs has uses for the key, too.
        this.terminal.input("\x1b[17~");
        event.preventDefault();
        event.stopPropagation();
      }
      return false;
    }
    if (event.altKey && !event.ctrlKey && event.key >= "0" && event.key <= "9") {
      return false;
    }
    const letter = event.key.toLowerCase();
    // The session opens its search; the same is said in `keys.rs`.
    if (letter === "f" && !event.altKey && event.ctrlKey !== event.metaKey && (event.shiftKey || event.metaKey)) {
      return false;
    }
    if (event.ctrlKey && event.shiftKey && (letter === "c" || letter === "v")) {
      if (letter === "c" && event.type === "keydown" && this.terminal.hasSelection()) {
        document.execCommand("copy");
        event.preventDefault();
      }
      return false;
    }
    return true;
  }

  recolour() {
    this.terminal.options.theme = theme();
    if (this.sought !== "") {
      this.search.clearDecorations();
      this.search.findNext(this.sought, { decorations: foundColours() });
    }
  }

  // Looks for a text as it is, whatever its case, in all that the screen keeps: from what is marked upwards, or downwards, and at the
  // end from the other one. While a text is typed, what is marked stays if it still fits.
  find(text, down) {
    this.sought = text;
    if (text === "") {
      this.stopFinding();
      return;
    }
    const options = { decorations: foundColours() };
    if (down) {
      this.search.findNext(text, options);
    } else {
      this.search.findPrevious(text, options);
    }
  }

  // What was gone to last stays marked, so that it can be copied.
  stopFinding() {
    this.sought = "";
    this.search.clearDecorations();
  }

  measure() {
    // A screen that is not shown has no size of its own.
    if (this.gone || this.host.clientWidth === 0 || this.host.clientHeight === 0) {
      return;
    }
    this.fit.fit();
    const size = `${this.terminal.cols} ${this.terminal.rows}`;
    if (size === this.told) {
      return;
    }
    this.told = size;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.onSize(this.terminal.cols, this.terminal.rows), 80);
  }

  // With `quiet`, what the bytes ask the terminal is not answered: it was asked long ago.
  write(bytes, quiet, upto) {
    this.quiet += quiet ? 1 : 0;
    // What is given lies in the window's own memory, which others use before xterm reads it: it gets a copy.
    this.terminal.write(bytes.slice(), () => {
      this.quiet -= quiet ? 1 : 0;
      if (!this.gone) {
        this.onDrawn(upto);
      }
    });
  }

  focus() {
    this.terminal.focus();
  }

  paste(text) {
    this.terminal.paste(text);
    this.terminal.focus();
  }

  selection() {
    return this.terminal.getSelection();
  }

  close() {
    this.gone = true;
    clearTimeout(this.timer);
    this.sizes.disconnect();
    this.unfollow();
    this.host.removeEventListener("paste", this.paste_listener, true);
    this.terminal.dispose();
  }
}
