import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

/** JSON Schema, as far as it is looked into here. */
export interface Schema {
  [keyword: string]: unknown;
  type?: string;
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  minItems?: number;
  maxItems?: number;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  pattern?: string;
  format?: string;
}

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required: boolean;
  schema: Schema;
}

/** One operation of an OpenAPI document. */
export interface Operation {
  id: string;
  method: 'GET' | 'POST';
  /** `/v1/commitments/{id}/register` */
  path: string;
  parameters: Parameter[];
  body: { schema: Schema; required: boolean; example: unknown } | undefined;
  /** With the headers that are always there. */
  answers: Map<number, { headers: string[]; schemas: Map<string, Schema> }>;
}

export interface SentRequest {
  /** Path parameters by their names, not encoded. */
  path: Record<string, string>;
  query: [name: string, value: string][];
  /** In lower case. */
  headers: Record<string, string>;
  /** JSON text. */
  body: string | undefined;
}

export interface ReceivedAnswer {
  status: number;
  headers: Headers;
  text: string;
}

/** Says of requests and answers whether an OpenAPI 3.1 document describes them. */
export class DescribedApi {
  readonly operations: Operation[];
  readonly #components: object;
  readonly #ajv = new Ajv2020({ strict: false, validateFormats: false });
  readonly #compiled = new Map<string, ValidateFunction>();

  constructor(document: any) {
    this.#components = document.components;
    this.operations = Object.entries<any>(document.paths).flatMap(([path, methods]) =>
      Object.entries<any>(methods).map(([method, described]) => operationOf(document, path, method, described)),
    );
  }

  /** What is wrong with a request by the document's own words; nothing where all of it is as described. */
  faultsOf(operation: Operation, { path, query, headers, body }: SentRequest): string[] {
    const faults: string[] = [];
    const given = ({ in: place, name }: Parameter): string[] => {
      if (place === 'query') return query.filter(([sent]) => sent === name).map(([, value]) => value);
      const value = place === 'path' ? path[name] : headers[name.toLowerCase()];
      return value === undefined ? [] : [value];
    };
    for (const parameter of operation.parameters) {
      const values = given(parameter);
      if (values.length > 1 || (values.length === 0 && parameter.required)) faults.push(`${parameter.name} came ${values.length} times`);
      for (const value of values) if (!this.#fits(asTyped(value, parameter.schema), parameter.schema)) faults.push(`${parameter.name} does not fit`);
    }
    for (const [name] of query) if (!operation.parameters.some((parameter) => parameter.in === 'query' && parameter.name === name)) faults.push(`${name} is not described`);
    if (operation.body) {
      if (body === undefined || body === '') faults.push(...(operation.body.required ? ['there is no body'] : []));
      else if (!this.#fits(parsed(body), operation.body.schema)) faults.push('the body does not fit');
    }
    return faults;
  }

  /** In what an answer differs from what is described; nothing where it is as described. */
  differencesOf(operation: Operation, { status, headers, text }: ReceivedAnswer): string[] {
    const described = operation.answers.get(status);
    if (!described) return [`status ${status} is not described`];
    const differences = described.headers.filter((name) => !headers.has(name)).map((name) => `the header ${name} is missing`);
    const mediaType = headers.get('content-type')?.split(';')[0] ?? 'none';
    const schema = described.schemas.get(mediaType);
    if (!schema) return [...differences, `${mediaType} is not described for ${status}`];
    const validate = this.#validator(schema);
    if (!validate(mediaType.endsWith('json') ? parsed(text) : text)) differences.push(`the body is not as described: ${this.#ajv.errorsText(validate.errors)}`);
    return differences;
  }

  /** Whether a value is one that the schema describes. */
  #fits(value: unknown, schema: Schema): boolean {
    return this.#validator(schema)(value);
  }

  /** Equal schemas are compiled once: errors have one for all operations. */
  #validator(schema: Schema): ValidateFunction {
    const key = JSON.stringify(schema);
    const compiled = this.#compiled.get(key) ?? this.#ajv.compile({ ...schema, components: this.#components });
    this.#compiled.set(key, compiled);
    return compiled;
  }
}

function operationOf(document: any, path: string, method: string, described: any): Operation {
  const json = described.requestBody?.content['application/json'];
  return {
    id: described.operationId,
    method: method.toUpperCase() as Operation['method'],
    path,
    parameters: described.parameters.map(({ name, in: place, required, schema }: Parameter) => ({ name, in: place, required, schema })),
    body: json && { schema: json.schema, required: described.requestBody.required === true, example: json.example },
    answers: new Map(Object.entries<any>(described.responses).map(([status, answer]) => [Number(status), answerOf(document, answer)])),
  };
}

function answerOf(document: any, answer: any): { headers: string[]; schemas: Map<string, Schema> } {
  const { headers = {}, content = {} } = answer.$ref ? document.components.responses[answer.$ref.split('/').at(-1)] : answer;
  return { headers: Object.keys(headers).filter((name) => headers[name].required), schemas: new Map(Object.entries<any>(content).map(([mediaType, { schema }]) => [mediaType, schema])) };
}

/** Parameters arrive as text, whatever their type; lists with commas between. */
function asTyped(value: string, { type }: Schema): unknown {
  if (type === 'array') return value.split(',');
  return type === 'integer' && /^(-(?!0))?\d+$/.test(value) ? Number(value) : value;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
