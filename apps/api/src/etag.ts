/** How an answer with the revision of a record is described in OpenAPI. */
export const ETAG_IN_OPEN_API = { ETag: { description: 'Revision of the record, in quotes, for If-Match', required: true, schema: { type: 'string' as const } } };
