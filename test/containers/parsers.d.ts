/** What the tests read of two parsers that come without types. */
declare module "m3u8-parser" {
  export class Parser {
    manifest: unknown;
    push(text: string): void;
    end(): void;
  }
}

declare module "mpd-parser" {
  interface DashPlaylist {
    attributes: { NAME: string; CODECS: string };
    segments: { uri: string; duration: number }[];
  }
  export function parse(
    text: string,
    options: { manifestUri: string },
  ): {
    duration: number;
    playlists: DashPlaylist[];
    mediaGroups: { AUDIO: Record<string, Record<string, unknown>> };
  };
}
