/** Badges and colours of the schema tree, by addresses of our own so that those of Git stay off. */
import {
  type Disposable,
  EventEmitter,
  FileDecoration,
  type FileDecorationProvider,
  ThemeColor,
  Uri,
} from 'vscode';
import { describeBadge } from './driftTexts.ts';
import type { DriftBadge, SchemaNode } from './schemaTree.ts';

const schemaScheme = 'portcullis-schema';

const colours: Readonly<Record<DriftBadge, string>> = {
  '!': 'list.errorForeground',
  '~': 'gitDecoration.modifiedResourceForeground',
  '+': 'gitDecoration.addedResourceForeground',
  '-': 'gitDecoration.deletedResourceForeground',
};

export function decorationUri(node: SchemaNode): Uri {
  return Uri.from({ scheme: schemaScheme, path: node.id });
}

export class DriftDecorations implements FileDecorationProvider, Disposable {
  readonly #changed = new EventEmitter<undefined>();
  #badges: ReadonlyMap<string, DriftBadge> = new Map();

  get onDidChangeFileDecorations(): EventEmitter<undefined>['event'] {
    return this.#changed.event;
  }

  /**
   * `badges` by the id of a node: of what differs and of all that holds it. The editor's own propagation is not used: it
   * would put a dot in place of the letter, and only for children that have been unfolded once.
   */
  show(badges: ReadonlyMap<string, DriftBadge>): void {
    this.#badges = badges;
    this.#changed.fire(undefined);
  }

  provideFileDecoration(uri: Uri): FileDecoration | undefined {
    if (uri.scheme !== schemaScheme) return undefined;
    const badge = this.#badges.get(uri.path);
    if (badge === undefined) return undefined;
    return new FileDecoration(badge, describeBadge(badge), new ThemeColor(colours[badge]));
  }

  dispose(): void {
    this.#changed.dispose();
  }
}
