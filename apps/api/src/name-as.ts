/** Logs, traces and OpenAPI name a class made in a function after what it is made for. */
export function nameAs(target: object, name: string): void {
  Object.defineProperty(target, 'name', { value: name });
}
