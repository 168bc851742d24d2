import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { canonicalHash } from '../../src/api/http/canonical.js';
import { attachment } from '../../src/api/http/content-disposition.js';
import { acceptsEventStream } from '../../src/api/http/event-stream.js';
import { parseRange } from '../../src/api/http/range.js';
import { parseQuery } from '../../src/api/plugins/query.js';
import { editDistance, nearest } from '../../src/contract/nearest.js';

const WORDS = fc.string({ maxLength: 12 });

describe('editDistance', () => {
  test('is a metric', () => {
    fc.assert(
      fc.property(WORDS, WORDS, WORDS, (a, b, c) => {
        assert.equal(editDistance(a, b), editDistance(b, a));
        assert.equal(editDistance(a, b) === 0, a === b);
        assert.ok(editDistance(a, c) <= editDistance(a, b) + editDistance(b, c));
      }),
    );
  });

  test('is 3 for the textbook pair', () => assert.equal(editDistance('kitten', 'sitting'), 3));
});

test('nearest suggests names with a typing error, and no others', () => {
  const known = ['epochs', 'batch_size', 'seed'];
  assert.equal(nearest('epoch', known), 'epochs');
  assert.equal(nearest('BatchSize', known), 'batch_size');
  assert.equal(nearest('colour', known), undefined);
  assert.equal(nearest('x'.repeat(100_000), known), undefined);
});

test('a served range always lies within the bytes', () => {
  const bound = fc.oneof(fc.constant(''), fc.nat(50).map(String));
  fc.assert(
    fc.property(bound, bound, fc.nat(40), (first, last, size) => {
      const range = parseRange(`bytes=${first}-${last}`, size);
      if (typeof range === 'string') return;
      assert.ok(0 <= range.start && range.start <= range.end && range.end < size);
    }),
  );
});

test('canonicalHash ignores the order of keys, on every level, and nothing else', () => {
  assert.equal(
    canonicalHash({ a: { b: 1, c: [1, 2] }, d: 2 }),
    canonicalHash({ d: 2, a: { c: [1, 2], b: 1 } }),
  );
  assert.notEqual(canonicalHash({ a: [1, 2] }), canonicalHash({ a: [2, 1] }));
});

test('attachment is a plain header value for every name', () => {
  assert.equal(attachment('full/model.json'), 'attachment; filename="model.json"');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), (name) => {
      assert.match(
        attachment(name),
        /^attachment; filename="[^"\\\r\n]*"(; filename\*=UTF-8''[\x21-\x7e]+)?$/,
      );
    }),
  );
});

test('parseQuery nests one level and cannot reach a prototype', () => {
  const query = parseQuery('a=1&a=2&m[k]=v&m[l]=w&__proto__[polluted]=yes&e=');
  assert.deepEqual(
    { ...query, m: { ...(query.m as object) } },
    {
      a: ['1', '2'],
      m: { k: 'v', l: 'w' },
      e: '',
      ['__proto__']: Object.assign(Object.create(null), { polluted: 'yes' }),
    },
  );
  assert.equal(({} as { polluted?: string }).polluted, undefined);
});

test('parseQuery takes any character within the brackets', () => {
  const { metadata } = parseQuery('metadata[a]b%0A]=1&metadata[]=2');
  assert.deepEqual({ ...(metadata as object) }, { 'a]b\n': '1', '': '2' });
});

test('a client gets an event stream only if it names text/event-stream', () => {
  for (const accept of ['text/event-stream', 'application/json, Text/Event-Stream; q=0.5']) {
    assert.equal(acceptsEventStream(accept), true, accept);
  }
  for (const accept of [undefined, '*/*', 'text/*', 'text/event-stream;q=0', 'text/event-streams']) {
    assert.equal(acceptsEventStream(accept), false, accept);
  }
});
