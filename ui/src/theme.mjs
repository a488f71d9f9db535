// The app's tokens for what draws by itself, and word when they change: the person chose another theme, or the system did.
export function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export function isDark() {
  return getComputedStyle(document.documentElement).colorScheme === "dark";
}

// Calls back at each change until what it gives is called.
export function onTheme(changed) {
  const looks = new MutationObserver(() => changed());
  looks.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "class"] });
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const listener = () => changed();
  dark.addEventListener("change", listener);
  return () => {
    looks.disconnect();
    dark.removeEventListener("change", listener);
  };
}
