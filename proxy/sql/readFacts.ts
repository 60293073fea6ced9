/** What the statements of a message do, from their trees alone. */

import { PortcullisError } from '../kit/errors.ts';
import { copiesWithClient, executedName } from './effects/dataReaders.ts';
import { EffectWalk } from './effects/effectWalk.ts';
import {
  dynamicNames,
  dynamicText,
  type Effect,
  type EffectKind,
  type SessionRole,
  type StatementFacts,
} from './facts.ts';
import type { ParsedMessage, ParsedStatement } from './parser.ts';
import { asNode, asText, entryOf, type Node } from './tree.ts';

/** Effects after which the database is as it was. */
const harmlessKinds: ReadonlySet<EffectKind> = new Set<EffectKind>(['read', 'session', 'transaction']);

/**
 * Facts of each statement, in order; none for an empty message.
 * @param text the message that `parsed` was made from.
 * @throws PortcullisError STATEMENT_TOO_COMPLEX where the tree is too deep to be walked.
 */
export function readFacts(parsed: ParsedMessage, text: string): StatementFacts[] {
  const isAscii = Buffer.byteLength(text) === text.length;
  const bytes = isAscii ? undefined : Buffer.from(text);
  try {
    return parsed.statements.map((statement) => {
      const { offset, length } = statement;
      const own =
        bytes === undefined
          ? text.slice(offset, offset + length)
          : bytes.subarray(offset, offset + length).toString();
      return readStatement(statement, own.trimEnd());
    });
  } catch (error) {
    if (error instanceof RangeError) {
      const values = { message: 'it is too deeply nested' };
      throw new PortcullisError('STATEMENT_TOO_COMPLEX', values, { cause: error });
    }
    throw error;
  }
}

function readStatement(statement: ParsedStatement, text: string): StatementFacts {
  const walk = new EffectWalk();
  walk.visit(statement.tree);
  walk.visitBodies(statement.bodies);
  for (const body of statement.bodies) {
    if (!body.isReadable) {
      walk.add('procedural', { why: `holds a body in ${body.language} that could not be read` });
    }
    if (body.isDynamic) {
      walk.add('procedural', { why: body.runsAnything ? dynamicText : dynamicNames });
    }
  }
  const [node, fields] = entryOf(statement.tree);
  const effects = walk.effects;
  return {
    text,
    offset: statement.offset,
    node,
    fingerprint: statement.fingerprint,
    effects: effects.length > 0 ? effects : [{ kind: emptyKinds.get(node) ?? 'unknown', predicate: 'none' }],
    relations: walk.relations,
    functions: [...walk.functions],
    attributeNames: [...walk.attributeNames],
    operators: [...walk.operators],
    types: [...walk.types],
    role: roleOf(node, fields, statement, text),
    readOnly: areReadOnly(effects),
    ...(statement.bodies.length > 0 && { bodies: statement.bodies }),
    tree: statement.tree,
  };
}

/** What a statement is that does nothing to speak of: `SELECT 1`. Anything else without an effect is not understood. */
const emptyKinds: ReadonlyMap<string, EffectKind> = new Map<string, EffectKind>([['SelectStmt', 'read']]);

/** True where nothing is different afterwards. */
export function areReadOnly(effects: readonly Effect[]): boolean {
  return effects.every(
    ({ kind, lockMode }) => harmlessKinds.has(kind) || (kind === 'lock' && lockMode === 1),
  );
}

function roleOf(node: string, fields: Node, statement: ParsedStatement, text: string): SessionRole {
  switch (node) {
    case 'PrepareStmt': {
      const inner: ParsedStatement = { ...statement, tree: asNode(fields['query']), bodies: [] };
      return { kind: 'prepare', name: asText(fields['name']) ?? '', inner: readStatement(inner, text) };
    }
    case 'ExecuteStmt':
      return { kind: 'execute', name: asText(fields['name']) ?? '' };
    case 'ExplainStmt':
    case 'CreateTableAsStmt': {
      const query = fields['query'];
      const name = executedName(query) ?? executedName(asNode(asNode(query)['CreateTableAsStmt'])['query']);
      return name === undefined ? { kind: 'plain' } : { kind: 'execute', name };
    }
    case 'DeallocateStmt':
      return { kind: 'deallocate', name: asText(fields['name']) };
    case 'DiscardStmt':
      return fields['target'] === 'DISCARD_ALL' ? { kind: 'deallocate', name: undefined } : { kind: 'plain' };
    case 'CopyStmt':
      if (!copiesWithClient(fields)) {
        return { kind: 'plain' };
      }
      return { kind: fields['is_from'] === true ? 'copyIn' : 'copyOut' };
    default:
      return { kind: 'plain' };
  }
}
