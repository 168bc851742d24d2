import { SerializerSelector } from '@fastify/fast-json-stringify-compiler';
import { memoize } from '../../contract/memoize.js';

const selectSerializers = SerializerSelector();

/** Fastify's own serializers of answers, each compiled when it is first needed: the contract has over a thousand. */
export const lazySerializers: typeof selectSerializers = (externalSchemas, options) => {
  const compile = selectSerializers(externalSchemas, options);
  return (route) => {
    const serializer = memoize(() => compile(route), { max: 1 });
    return (value) => serializer()(value);
  };
};
