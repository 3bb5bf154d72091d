// The story has an author: what followed from a person's write stands under it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addLine, chapters } from '../../../static/js/lines.js';

const write = (revision, at, say) => ({ k: 'write', s: revision, at, actor: 'kubernetes-admin', root: revision, resource: 'deployments.apps', name: 'default/shop', say });
const event = (s, at, root, name, gist) => ({ k: 'event', s, at, root, kind: 'Pod', namespace: 'default', name, gist, say: gist });
const told = (entries) => chapters(entries.reduce(addLine, []));
const outline = (list) => list.map((line) => [line.text, line.after.map((one) => one.text)]);

test('consequences stand under their write, newest first', () => {
  const list = told([
    write(10, 1, 'kubernetes-admin created Deployment shop'),
    event(14, 2, 10, 'shop-6f7d9-x2k4p', 'pulls nginx'),
    event(15, 3, 10, 'shop-6f7d9-x2k4p', 'container started'),
  ]);
  assert.deepEqual(outline(list), [['created Deployment shop', ['container started', 'pulls nginx']]]);
  assert.equal(list[0].about, 'kubernetes-admin');
  assert.equal(list[0].subject, 'object/deployments.apps/default/shop');
});

test('what nobody wrote stands by itself', () => {
  const list = told([write(10, 1, 'kubernetes-admin created Deployment shop'), event(20, 9, 0, 'other-6f7d9-abcde', 'container started')]);
  assert.deepEqual(outline(list), [['container started', []], ['created Deployment shop', []]]);
});

test('the like under two writes is not merged', () => {
  const list = told([
    write(10, 1, 'kubernetes-admin created Deployment shop'),
    event(14, 2, 10, 'shop-6f7d9-x2k4p', 'container started'),
    write(16, 3, 'kubernetes-admin changed Deployment shop'),
    event(17, 4, 16, 'shop-6f7d9-bbbbb', 'container started'),
  ]);
  assert.deepEqual(outline(list), [['changed Deployment shop', ['container started']], ['created Deployment shop', ['container started']]]);
});

test('a consequence whose write is forgotten stands by itself', () => {
  assert.deepEqual(outline(told([event(14, 2, 10, 'shop-6f7d9-x2k4p', 'container started')])), [['container started', []]]);
});
