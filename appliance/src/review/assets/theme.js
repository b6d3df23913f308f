// Dark by default; light for the bright control room. Remembered in this browser only.
// @ts-check
import { t } from '/assets/strings.js';

const root = document.documentElement;

/** @param {string} theme */
function set(theme) {
  root.dataset.theme = theme;
  const button = document.getElementById('theme');
  if (button) button.textContent = theme === 'light' ? t.theme.light : t.theme.dark;
}

export function theme() {
  set(localStorage.getItem('theme') === 'light' ? 'light' : 'dark');
  document.getElementById('theme')?.addEventListener('click', () => {
    const other = root.dataset.theme === 'light' ? 'dark' : 'light';
    localStorage.setItem('theme', other);
    set(other);
  });
}
