// Writes what the dashboard vendors from the exact versions in package-lock.json: `make assets`.
// The output is committed, so that nobody but whoever changes a version needs node. No bundler: htmx and the
// fonts are copied as published, the icons we use are put into one sprite.
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, '..', '..', 'node_modules');

const FILES = {
  'htmx.min.js': 'htmx.org/dist/htmx.min.js',
  'inter.woff2': '@fontsource-variable/inter/files/inter-latin-wght-normal.woff2',
  'jetbrains-mono.woff2': '@fontsource-variable/jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2',
};
const LICENCES = {
  htmx: 'htmx.org/LICENSE',
  inter: '@fontsource-variable/inter/LICENSE',
  'jetbrains-mono': '@fontsource-variable/jetbrains-mono/LICENSE',
  lucide: 'lucide-static/LICENSE',
};
const ICONS = ['pause', 'play', 'step-forward', 'x', 'plus', 'trash-2', 'sun-moon', 'text', 'zap', 'circle-help', 'link', 'unplug', 'monitor'];

const packages = ['htmx.org', '@fontsource-variable/inter', '@fontsource-variable/jetbrains-mono', 'lucide-static'];
const version = (name) => JSON.parse(readFileSync(join(modules, name, 'package.json'))).version;
const digest = (name) => createHash('sha256').update(readFileSync(join(here, name))).digest('hex');

mkdirSync(join(here, 'LICENSES'), { recursive: true });
for (const [target, source] of Object.entries(FILES)) copyFileSync(join(modules, source), join(here, target));
for (const [target, source] of Object.entries(LICENCES)) copyFileSync(join(modules, source), join(here, 'LICENSES', target));

const symbols = ICONS.map((name) => {
  const svg = readFileSync(join(modules, 'lucide-static/icons', `${name}.svg`), 'utf8');
  const inner = svg.slice(svg.indexOf('>', svg.indexOf('<svg')) + 1, svg.lastIndexOf('</svg>')).replace(/\s+/g, ' ').trim();
  return `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">${inner}</symbol>`;
});
writeFileSync(join(here, 'icons.svg'), `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join('\n')}\n</svg>\n`);

const manifest = {
  packages: Object.fromEntries(packages.map((name) => [name, version(name)])),
  sha256: Object.fromEntries([...Object.keys(FILES), 'icons.svg'].map((name) => [name, digest(name)])),
};
writeFileSync(join(here, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
