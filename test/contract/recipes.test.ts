import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StrataError } from '../../src/contract/errors.js';
import { RECIPES, withRecipe } from '../../src/contract/recipes.js';
import { resolveSpec } from '../../src/planning/spec/resolve.js';
import { jobSpec, MNIST, type SpecChanges } from '../jobs/support/specs.js';

/** Every released version. A job that names one must stay repeatable, so none may change: release another version. */
const RELEASED: typeof RECIPES = {
  'cifar@1': {
    optimizer: { nesterov: true, weight_decay: 5e-4 },
  },
};

test('a released recipe never changes', () => {
  for (const [name, values] of Object.entries(RELEASED)) assert.deepEqual(RECIPES[name], values, name);
  assert.deepEqual(Object.keys(RECIPES), Object.keys(RELEASED), 'a new version belongs to this list');
});

test('own values win over those of a recipe, null and false included', () => {
  const [name = ''] = Object.keys(RECIPES);
  const own = { recipe: name, optimizer: { nesterov: false, learning_rate: null }, label_smoothing: 0.3 };
  const { optimizer = {}, ...top } = RECIPES[name]!;
  assert.deepEqual(withRecipe(own), {
    ...top,
    ...own,
    optimizer: { ...optimizer, ...own.optimizer },
  });
  assert.deepEqual(withRecipe({ recipe: name, optimizer: null }), {
    ...RECIPES[name],
    recipe: name,
    optimizer: null,
  });
  assert.notEqual(
    (withRecipe({ recipe: name }) as typeof own).optimizer,
    optimizer,
    'a copy: validation fills defaults into the body itself',
  );
});

test('a body without a known recipe stays as it is', () => {
  for (const body of [null, 'text', [], {}, { recipe: null }, { recipe: 'none@1' }, { recipe: 'toString' }]) {
    assert.equal(withRecipe(body), body);
  }
});

test('every recipe suits a job that names nothing else, and its resolved spec resolves to itself', () => {
  const color = { ...MNIST, image: { height: 32, width: 32, channels: 3 } };
  for (const [recipe, values] of Object.entries(RECIPES)) {
    const spec = resolveSpec(jobSpec({ recipe, ...(values as SpecChanges) }), color, 1);
    assert.equal(spec.recipe, recipe);
    assert.deepEqual(withRecipe(spec), spec, 'a job can be repeated from its spec');
    assert.deepEqual(resolveSpec(spec, color, 9), spec);
  }
});

test('an unknown name or version is refused with the recipes that there are', () => {
  for (const recipe of ['none@1', `${Object.keys(RECIPES)[0]?.split('@')[0]}@99`]) {
    assert.throws(
      () => resolveSpec(jobSpec({ recipe }), MNIST, 1),
      (error) => {
        assert.ok(error instanceof StrataError);
        const message = `there is no recipe '${recipe}'; available: ${Object.keys(RECIPES).join(', ')}`;
        assert.deepEqual(error.errors, [{ pointer: '/recipe', message }]);
        return true;
      },
    );
  }
});
