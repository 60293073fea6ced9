/**
 * Which controls each part of a bundle speaks to. A bundle is evidence about them, never their fulfilment: names and
 * numbers are those of the AICPA Trust Services Criteria (2017, points of focus 2022) and of NIST SP 800-53 Rev. 5,
 * which FedRAMP's baselines choose from.
 */

export interface ControlRow {
  readonly part: string;
  readonly soc2: readonly string[];
  readonly nist: readonly string[];
  readonly says: string;
}

export const controls: readonly ControlRow[] = [
  {
    part: 'Sessions: who connected, through what, from where, for how long',
    soc2: ['CC6.1'],
    nist: ['AC-3', 'AU-2', 'AU-3', 'IA-2'],
    says: 'Every session belongs to a verified identity; connections that were refused are there too.',
  },
  {
    part: 'Statements: text, effects, relations, decision, policy, outcome, rows',
    soc2: ['CC6.1', 'CC7.2'],
    nist: ['AU-2', 'AU-3', 'AU-12', 'AC-3'],
    says: 'Each statement was recorded before it ran, with what was decided and by which policies.',
  },
  {
    part: 'Refusals',
    soc2: ['CC6.1', 'CC7.2', 'CC7.3'],
    nist: ['AC-3', 'AC-6', 'AU-2', 'SI-4'],
    says: 'What was not let through, and why: dangerous statements, masked data asked for in ways that would show it.',
  },
  {
    part: 'Approvals: the request and who approved it',
    soc2: ['CC6.3', 'CC8.1'],
    nist: ['AC-5', 'AC-6', 'CM-3'],
    says: 'Changes ran after another person had approved exactly this statement.',
  },
  {
    part: 'Masked columns and their classification',
    soc2: ['CC6.1', 'CC6.7', 'C1.1'],
    nist: ['AC-3', 'AC-4', 'AC-6'],
    says: 'Which personal and secret data was asked for, and left the database masked.',
  },
  {
    part: 'Policy versions in force, with their texts',
    soc2: ['CC6.3', 'CC8.1'],
    nist: ['CM-3', 'CM-5', 'AC-3'],
    says: 'The rules by which every decision here was made.',
  },
  {
    part: 'Sign-ins, changes of policies and classifications, readings of the records',
    soc2: ['CC6.1', 'CC7.2', 'CC8.1'],
    nist: ['AU-2', 'AU-6', 'AU-9', 'CM-3', 'IA-2'],
    says: 'Who used the central service, who looked at the records, and what the rules changed from and to.',
  },
  {
    part: 'Removals by retention policy',
    soc2: ['C1.2', 'P4.3'],
    nist: ['AU-11', 'SI-12'],
    says: 'What is no longer kept, by which policy and since when; the proofs over it stay.',
  },
  {
    part: 'Proofs, checkpoint and keys; numbers without gaps; heartbeats',
    soc2: ['CC7.2', 'CC7.3'],
    nist: ['AU-6', 'AU-9', 'AU-9(3)', 'AU-10', 'AU-11'],
    says: 'That nothing was changed, moved or removed since it was recorded, checkable offline.',
  },
];
