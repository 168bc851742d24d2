// Runs in the page of Swagger UI. Its own resolver reads the whole contract again for every operation that is opened
// (https://github.com/swagger-api/swagger-ui/issues/10748), which takes seconds. All references of this contract are
// local and none leads to itself, so following them takes a few lines.
const { apis } = SwaggerUIBundle.presets;

const localReferences = () => ({
  statePlugins: {
    spec: {
      wrapActions: {
        requestResolvedSubtree: (_, system) => (path) => {
          const document = system.specSelectors.specJson().toJS();
          return system.specActions.updateResolvedSubtree(path, subtreeAt(path, document));
        },
      },
    },
  },
});

SwaggerUIBundle.presets.apis = [apis, localReferences];

/** The subtree at a path. An operation has the parameters of its path, too, except those that it replaces. */
function subtreeAt(path, document) {
  const at = (...keys) =>
    withTargets(
      keys.reduce((node, key) => node?.[key], document),
      document,
    );
  const [root, name] = path;
  const subtree = at(...path);
  if (root !== 'paths' || path.length !== 3) return subtree;
  const { parameters: own = [] } = subtree;
  const shared = at(root, name, 'parameters') ?? [];
  const inherited = shared.filter(
    (one) => !own.some((other) => other.in === one.in && other.name === one.name),
  );
  return { ...subtree, parameters: [...inherited, ...own] };
}

/** A copy in which each `$ref` is replaced by its target, merged with what stands beside it. */
function withTargets(node, document) {
  if (Array.isArray(node)) return node.map((each) => withTargets(each, document));
  if (typeof node !== 'object' || node === null) return node;
  const { $ref, ...own } = node;
  if (typeof $ref === 'string') return withTargets({ ...targetOf($ref, document), ...own }, document);
  return Object.fromEntries(Object.entries(own).map(([key, value]) => [key, withTargets(value, document)]));
}

function targetOf(reference, document) {
  const [, ...keys] = reference.split('/');
  return keys.reduce((node, key) => node[key.replaceAll('~1', '/').replaceAll('~0', '~')], document);
}
