/** What one message of a stream says; a heartbeat says nothing. */
export interface ServerSentEvent {
  id: string | undefined;
  data: string | undefined;
}

/** The messages of a stream, as they come. Ends, or throws, as the answer's body does. */
export async function* serverSentEventsOf(response: Response): AsyncGenerator<ServerSentEvent, void, void> {
  let text = '';
  for await (const part of response.body!.pipeThrough(new TextDecoderStream())) {
    const messages = `${text}${part}`.split('\n\n');
    text = messages.pop()!;
    for (const message of messages) {
      const field = (name: string) => message.split('\n').find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      yield { id: field('id'), data: field('data') };
    }
  }
}
