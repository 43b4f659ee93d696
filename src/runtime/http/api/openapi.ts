import { z } from 'zod';
import { errorResponse } from './api-schemas.js';

/** Description of a route. */
export interface RouteDescription {
  readonly method: 'get' | 'post';
  readonly path: string;
  readonly summary: string;
  readonly parameters?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly headers?: z.ZodObject;
  readonly body?: z.ZodType;
  /** The form that is accepted instead of JSON. */
  readonly form?: z.ZodObject;
  readonly response: z.ZodType | 'events' | 'nothing';
  /** Media type of the response, if it is not JSON. */
  readonly responseType?: string;
}

/**
 * Builds the OpenAPI 3.1 document of routes.
 * @param isTokenRequired whether clients need a token; if not, devices may still have one
 */
export function buildOpenApi(routes: readonly RouteDescription[], herd: string, isTokenRequired: boolean): unknown {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method]: buildOperation(route) };
  }
  return {
    openapi: '3.1.0',
    info: { title: `Herd ${herd}`, version: '1', description: 'Current locations of all clients.' },
    paths,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer' },
        password: { type: 'http', scheme: 'basic', description: 'Any user name; the token is the password.' },
      },
      responses: { Error: { description: 'Error.', content: jsonContent(errorResponse) } },
    },
    security: [...(isTokenRequired ? [] : [{}]), { token: [] }, { password: [] }],
  };
}

function buildOperation(route: RouteDescription): unknown {
  const { summary, parameters, query, headers, body, form } = route;
  const forms = form === undefined ? {} : { 'application/x-www-form-urlencoded': { schema: toJsonSchema(form) } };
  // A form may be sent as a query instead.
  const requestBody = body && { required: form === undefined, content: { ...jsonContent(body), ...forms } };
  return {
    summary,
    parameters: [
      ...buildParameters(parameters, 'path'),
      ...buildParameters(query, 'query'),
      ...buildParameters(headers, 'header'),
    ],
    ...(requestBody === undefined ? {} : { requestBody }),
    responses: {
      200: { description: 'Success.', ...buildResponseContent(route) },
      default: { $ref: '#/components/responses/Error' },
    },
  };
}

function buildResponseContent({ response, responseType }: RouteDescription): Readonly<Record<string, unknown>> {
  switch (response) {
    case 'nothing':
      return {};
    case 'events':
      return { content: { 'text/event-stream': { schema: { type: 'string' } } } };
    default:
      return { content: jsonContent(response, 'output', responseType) };
  }
}

function buildParameters(schema: z.ZodObject | undefined, location: 'path' | 'query' | 'header'): unknown[] {
  return Object.entries(schema?.shape ?? {}).map(([name, field]) => ({
    name,
    in: location,
    required: location === 'path',
    schema: toJsonSchema(field as z.ZodType),
  }));
}

function jsonContent(
  schema: z.ZodType,
  io: 'input' | 'output' = 'input',
  type = 'application/json',
): Readonly<Record<string, unknown>> {
  return { [type]: { schema: toJsonSchema(schema, io) } };
}

function toJsonSchema(schema: z.ZodType, io: 'input' | 'output' = 'output'): unknown {
  const jsonSchema = z.toJSONSchema(schema, { io });
  delete jsonSchema.$schema;
  return jsonSchema;
}
