import { z } from 'zod';
import { errorAnswer } from './api-schemas.js';

/** One route of the API, as it is described. */
export interface RouteDescription {
  readonly method: 'get' | 'post';
  readonly path: string;
  readonly summary: string;
  readonly parameters?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly headers?: z.ZodObject;
  readonly body?: z.ZodType;
  /** What else the body may be: names and values, as a form has them. */
  readonly form?: z.ZodObject;
  readonly answer: z.ZodType | 'events' | 'nothing';
  /** The media type of the answer, where it is none of the usual ones. */
  readonly answerType?: string;
}

/**
 * An OpenAPI 3.1 document of routes.
 * @param access whether a token must be sent; where it need not, some devices may have one all the same
 */
export function openApiOf(routes: readonly RouteDescription[], herd: string, access: 'open' | 'closed'): unknown {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method]: operationOf(route) };
  }
  return {
    openapi: '3.1.0',
    info: { title: `Herd ${herd}`, version: '1', description: 'Where every client is, now.' },
    paths,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer' },
        password: { type: 'http', scheme: 'basic', description: 'Any user, and the token as the password.' },
      },
      responses: { Error: { description: 'What was wrong.', content: json(errorAnswer) } },
    },
    security: [...(access === 'open' ? [{}] : []), { token: [] }, { password: [] }],
  };
}

function operationOf(route: RouteDescription): unknown {
  const { summary, parameters, query, headers, body, form } = route;
  const forms = form === undefined ? {} : { 'application/x-www-form-urlencoded': { schema: jsonSchemaOf(form) } };
  // Who may send a form may send a query instead.
  const requestBody = body && { required: form === undefined, content: { ...json(body), ...forms } };
  return {
    summary,
    parameters: [
      ...parametersIn(parameters, 'path'),
      ...parametersIn(query, 'query'),
      ...parametersIn(headers, 'header'),
    ],
    ...(requestBody === undefined ? {} : { requestBody }),
    responses: {
      200: { description: 'The answer.', ...contentOf(route) },
      default: { $ref: '#/components/responses/Error' },
    },
  };
}

function contentOf({ answer, answerType }: RouteDescription): Readonly<Record<string, unknown>> {
  switch (answer) {
    case 'nothing':
      return {};
    case 'events':
      return { content: { 'text/event-stream': { schema: { type: 'string' } } } };
    default:
      return { content: json(answer, 'output', answerType) };
  }
}

function parametersIn(schema: z.ZodObject | undefined, place: 'path' | 'query' | 'header'): unknown[] {
  return Object.entries(schema?.shape ?? {}).map(([name, field]) => ({
    name,
    in: place,
    required: place === 'path',
    schema: jsonSchemaOf(field as z.ZodType),
  }));
}

function json(
  schema: z.ZodType,
  io: 'input' | 'output' = 'input',
  type = 'application/json',
): Readonly<Record<string, unknown>> {
  return { [type]: { schema: jsonSchemaOf(schema, io) } };
}

function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output' = 'output'): unknown {
  const described = z.toJSONSchema(schema, { io });
  delete described.$schema;
  return described;
}
