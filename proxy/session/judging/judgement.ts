/** What a session knows of a message's text before anything of it runs, and of a statement while it runs. */

import type { NewRequest, RequestFinding } from '../../approvals/request.ts';
import type { EventMaskedColumn, EventUnmaskedColumn, IntentFields } from '../../audit/events.ts';
import type { IntentTemplate } from '../../audit/eventTemplate.ts';
import { monotonicMicros } from '../../kit/clock.ts';
import type { PortcullisError } from '../../kit/errors.ts';
import type { Carry } from '../../sql/columnUse.ts';
import type { CopyOut } from '../../sql/copyOut.ts';
import type { StatementFacts } from '../../sql/facts.ts';
import type { OutputLineage } from '../../sql/lineage/outputLineage.ts';
import type { LookupCount } from '../../sql/lookups/countLookups.ts';
import type { NewTable } from '../../sql/newTable.ts';
import type { ColumnProbe } from '../columnProbe.ts';
import type { NameMove } from '../searchPath/nameMoves.ts';

/** One statement, judged. Kept with the text, so that judging again costs nothing while nothing has changed. */
export interface JudgedStatement {
  /** The whole text of its message, and its number in it. */
  readonly message: string;
  readonly index: number;
  /** The schema that it was judged by (StatementJudge.ground). */
  readonly ground: string;
  readonly catalogVersion: number;
  /** Others can change what it means without a new name: it reads views, calls functions, or names what is not there. */
  readonly mayBeRemade: boolean;
  /** Without the parse tree, which is the largest part of them and has been read. */
  readonly facts: Omit<StatementFacts, 'tree'>;
  /** The constant part of its events, for this session. */
  readonly intent: IntentTemplate;
  /** The fields of that, kept where its text needs approval: the event then names the approval too. */
  readonly fields: IntentFields | undefined;
  /** True where it runs code that cannot be looked into: its results may be anything. */
  readonly isOpaque: boolean;
  /** True where a function that it calls reads protected columns: whatever comes from no column may be made of them. */
  readonly readsHidden: boolean;
  /** True where its event must be on the disk before it is forwarded. */
  readonly isDurable: boolean;
  /** True where CommandComplete tells all rows that it changes itself. */
  readonly tellsChangedRows: boolean;
  /** Where its rows come from, or those of the cursor that it declares; undefined where nothing protected is in them. */
  readonly output: OutputLineage | undefined;
  /** The cursor that it declares or reads from. */
  readonly cursor: string | undefined;
  /** The table that it makes of protected columns. */
  readonly follow: Follow | undefined;
  /** Columns that become protected by what it copies into them. */
  readonly carries: readonly Carry[];
  /** What COPY … TO STDOUT sends. */
  readonly copyOut: CopyOut | undefined;
  /** The values that it compares protected columns with; undefined where it does not. */
  readonly lookups: LookupCount | undefined;
  /** Protected columns that it shows or uses in clear, for the identity may: its outcome records them. */
  readonly unmasked: readonly EventUnmaskedColumn[] | undefined;
}

/** A new table, and where its columns come from. */
export interface Follow {
  readonly table: NewTable;
  readonly output: OutputLineage;
}

/** Why a text may run only when a reviewer says so. */
export interface ApprovalNeed {
  readonly findings: readonly RequestFinding[];
  readonly approvers: readonly string[];
  readonly relations: NewRequest['relations'];
  /** What the reviewer reads: the text, and what EXECUTE's names in it stand for. */
  readonly text: string;
  /** Digest of what the names in it stand for: nobody reads it, but what was approved is run on this only. */
  readonly footing: string;
  /** Where it wants to see columns in clear: what is asked for instead of the run, which follows once that is approved. */
  readonly sight?: Omit<NewRequest, 'digest' | 'parameters'>;
}

/** A message's text, judged as a whole: all its statements before any runs. */
export interface JudgedMessage {
  readonly text: string;
  readonly statements: readonly JudgedStatement[];
  /** Why none of it runs. */
  readonly refusal: PortcullisError | undefined;
  /** Set where it runs only with an approval. */
  readonly approval: ApprovalNeed | undefined;
  /** True where error texts about it may hold protected values. */
  readonly touchesClassified: boolean;
  /** True where it writes values of its own into protected columns. */
  readonly writesClassified: boolean;
  readonly hasCopyIn: boolean;
  /** True where running it defines or drops prepared statements. */
  readonly changesNames: boolean;
  /** True where it runs prepared statements by name (EXECUTE): what that means is looked up each time. */
  readonly isByName: boolean;
  /** What it was judged under; another stamp means: judge again. */
  readonly stamp: string;
  /** The path that its names were looked up on (LivePath.id); undefined where they mean the same on every path. */
  readonly path: number | undefined;
  /** What running it may do to the meaning of names. */
  readonly nameMove: NameMove;
  /** True where the database is looked at before each run: no answer will tell what was read. */
  readonly looksFirst: boolean;
}

/** One run of a statement: from its event's first half to its second. */
export class StatementRun {
  readonly judged: JudgedStatement;
  /** Number of its intent in the journal. */
  readonly seq: number;
  readonly startedAt = monotonicMicros();
  rows = 0;
  maskedColumns: readonly EventMaskedColumn[] | undefined;
  isFinished = false;
  /** What the server said that it did, once it has. */
  tag: string | undefined;
  /** Where the columns come from that it copies out. */
  probe: ColumnProbe | undefined;

  constructor(judged: JudgedStatement, seq: number) {
    this.judged = judged;
    this.seq = seq;
  }
}

/** An approval that has been used up for one run. */
export interface Approval {
  readonly request: string;
  /** E-mail addresses of those who approved. */
  readonly by: readonly string[];
}

/** The text as judged after the wait, and the approval that lets it run. */
export interface ApprovedMessage {
  readonly kind: 'approved';
  readonly approval: Approval;
  readonly message: JudgedMessage;
}

/** What may happen with a message: its statements run, each recorded, or none does. */
export type Admission =
  | {
      readonly kind: 'run';
      readonly runs: readonly StatementRun[];
      readonly message: JudgedMessage;
      /** How many rows it may change; undefined where that is not limited. */
      readonly rowsChanged: number | undefined;
    }
  | { readonly kind: 'refused'; readonly error: PortcullisError };
