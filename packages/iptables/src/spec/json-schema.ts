import { z } from 'zod'

/** What a schema takes beside `*`: one with a transformation does not say so itself. */
const besideAll = new WeakMap<object, z.ZodType>()

/** Notes what a schema takes beside `*`, and gives the schema back. */
export function takesAllOr<T extends z.ZodType>(schema: T, inner: z.ZodType): T {
  besideAll.set(schema, inner)
  return schema
}

/** The JSON Schema of a schema's input, with the defaults of all fields. */
export function jsonSchemaOf(schema: z.ZodObject): Readonly<Record<string, unknown>> {
  const defaults: Readonly<Record<string, unknown>> = schema.parse({})
  const whole = toJson(schema)
  const properties = Object.entries(whole.properties ?? {}).map(([field, value]) => [
    field,
    { ...(value as object), default: defaults[field] },
  ])
  return { ...whole, properties: Object.fromEntries(properties) as unknown }
}

function toJson(schema: z.ZodType): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      const inner = besideAll.get(zodSchema)
      if (inner === undefined) return
      const list = toJson(inner)
      delete list.$schema
      jsonSchema.anyOf = [{ const: '*' }, list]
    },
  })
}
