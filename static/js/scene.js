// A keyed, retained layer over SVG: drawing code says each time what there is; only what differs touches the DOM.
const SVG = 'http://www.w3.org/2000/svg';

export class Scene {
  constructor(root) {
    this.root = root;
    this.regions = new Map();
  }

  /** Draw one region with `paint(pen)`; what it did not name again is taken away. */
  region(name, paint) {
    let region = this.regions.get(name);
    if (!region) {
      const group = document.createElementNS(SVG, 'g');
      group.dataset.region = name;
      this.root.append(group);
      region = { group, kept: new Map() };
      this.regions.set(name, region);
    }
    const named = new Set();
    paint(new Pen(region, named));
    for (const [key, record] of region.kept) {
      if (named.has(key)) continue;
      record.element.remove();
      region.kept.delete(key);
    }
  }
}

class Pen {
  constructor(region, named, parent = null, prefix = '', words = null) {
    this.region = region;
    this.named = named;
    this.parent = parent;
    this.prefix = prefix;
    this.words = words; // what is written on a button, in order
  }

  /** The element `key`, made at first, with these attributes (null takes one away) and this text. */
  el(key, tag, attributes, text) {
    const path = this.prefix + key;
    this.named.add(path);
    let record = this.region.kept.get(path);
    if (record && record.tag !== tag) {
      record.element.remove();
      record = undefined;
    }
    if (!record) {
      record = { tag, element: document.createElementNS(SVG, tag), attributes: {}, text: undefined };
      this.region.kept.set(path, record);
      (this.parent ?? this.region.group).append(record.element);
    }
    for (const name in attributes) {
      const value = attributes[name];
      if (record.attributes[name] === value) continue;
      record.attributes[name] = value;
      if (value === null || value === undefined || value === false) record.element.removeAttribute(name);
      else record.element.setAttribute(name, value);
    }
    if (text !== undefined && record.text !== text) {
      record.text = text;
      record.element.textContent = text;
    }
    return record.element;
  }

  rect(key, x, y, w, h, rx, className, more) {
    return this.el(key, 'rect', { x, y, width: Math.max(0, w), height: Math.max(0, h), rx, class: className, ...more });
  }

  circle(key, cx, cy, r, className, more) {
    return this.el(key, 'circle', { cx, cy, r, class: className, ...more });
  }

  text(key, x, y, words, className = '', more) {
    if (!this.words) return this.el(key, 'text', { x, y, class: className, ...more }, words);
    if (words) this.words.push(words);
    return this.el(key, 'text', { x, y, class: className, ...more }, `${words} `); // so that neighbours are two words to a screen reader
  }

  path(key, d, className, more) {
    return this.el(key, 'path', { d, class: className, ...more });
  }

  /** A group of its own; what `paint` draws goes inside. */
  group(key, attributes, paint, words = this.words) {
    const element = this.el(key, 'g', attributes);
    paint(new Pen(this.region, this.named, element, `${this.prefix}${key}/`, words));
    return element;
  }

  /**
   * Something that can be clicked and reached by keyboard: opens the inspector on `subject`. Its name is what is written
   * on it, so that it can be called by what one sees, and then `says`, which the eye knows from its place or colour.
   */
  button(key, subject, says, className, paint) {
    const words = [];
    const element = this.group(key, { class: `hit ${className}`.trim(), role: 'button', 'data-inspect': subject }, paint, words);
    this.el(key, 'g', { 'aria-label': [words.join(' '), says].filter(Boolean).join(', ') });
    if (!element.hasAttribute('tabindex')) element.setAttribute('tabindex', '-1');
    return element;
  }
}
