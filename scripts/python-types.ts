import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ROOT } from '../src/service/root.js';
import { PythonTypes, type Schema } from './python-type-of.js';

interface Parameter {
  readonly $ref?: string;
  readonly name?: string;
  readonly in?: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema?: Schema;
}

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
}

interface Contract {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly parameters: Readonly<Record<string, Parameter>>;
  };
}

const HEAD = `"""The objects of the Strata API, as typed dictionaries.

Generated from openapi/openapi.yaml by \`npm run generate\`. Do not edit.
"""

from __future__ import annotations

import sys
from typing import Any, Literal, Optional, Union

if sys.version_info >= (3, 11):
    from typing import NotRequired, TypedDict
else:
    from typing_extensions import NotRequired, TypedDict
`;

/** The Python client's `schemas.py`: a TypedDict for each object, and one for the query of each operation that has one. */
export async function renderPythonTypes(): Promise<string> {
  const contract = parse(await readFile(join(ROOT, 'openapi/openapi.yaml'), 'utf8')) as Contract;
  const types = new PythonTypes(contract.components.schemas);
  for (const [name, schema] of Object.entries(contract.components.schemas)) types.add(name, schema);
  for (const operation of operationsOf(contract)) {
    const query = queryOf(operation, contract);
    if (query !== null) types.add(`${pascal(operation.operationId)}Query`, query);
  }
  return [HEAD, ...types.render()].join('\n');
}

function operationsOf({ paths }: Contract): Operation[] {
  return Object.values(paths)
    .flatMap((path) => Object.values(path))
    .filter(({ operationId }) => operationId !== undefined);
}

/** The query of an operation as one object; null where it has none. */
function queryOf({ operationId, parameters = [] }: Operation, { components }: Contract): Schema | null {
  const query = parameters
    .map((parameter) => components.parameters[parameter.$ref?.split('/').at(-1) ?? ''] ?? parameter)
    .filter((parameter) => parameter.in === 'query');
  if (query.length === 0) return null;
  return {
    type: 'object',
    description: `The query of ${operationId}.`,
    required: query.filter(({ required }) => required).map(({ name }) => name ?? ''),
    properties: Object.fromEntries(
      query.map(({ name, description, schema }) => [
        name ?? '',
        { ...schema, ...(description && { description }) },
      ]),
    ),
  };
}

const pascal = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);
