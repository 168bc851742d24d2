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
          const subtree = withTargets(subtreeAt(path, document), document);
          return system.specActions.updateResolvedSubtree(path, subtree);
        },
      },
    },
  },
});

SwaggerUIBundle.presets.apis = [apis, localReferences];

/** An operation has the parameters of its path, too. */
function subtreeAt(path, document) {
  const subtree = path.reduce((node, key) => node?.[key], document);
  const [root, name, method] = path;
  const shared = (root === 'paths' && method && document.paths[name]?.parameters) || [];
  return shared.length > 0 ? { ...subtree, parameters: [...shared, ...(subtree.parameters ?? [])] } : subtree;
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
