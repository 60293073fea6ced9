/** Statements that reach the server itself or other servers: extensions, libraries, foreign data, replication, its own settings. */

import { asNode, asText } from '../tree.ts';
import type { NodeReader, NodeReaders } from './nodeReaders.ts';

function simply(object: string, why: string): NodeReader {
  return (_fields, walk) => {
    walk.add('serverAccess', { object, why });
    return [];
  };
}

const extension = simply('extension', 'brings code into the database');
const foreignData = simply('foreign data wrapper', 'reaches data outside of this database');
const foreignServer = simply('foreign server', 'reaches another server');
const userMapping = simply('user mapping', 'keeps credentials for another server');
const publication = simply('publication', 'streams tables to other servers');
const subscription = simply('subscription', 'takes changes from another server');
const tablespace = simply('tablespace', 'decides where on its disks the server keeps files');

export const serverReaders: NodeReaders = {
  AlterSystemStmt(fields, walk) {
    const setting = asText(asNode(fields['setstmt'])['name'])?.toLowerCase();
    walk.add('serverAccess', { object: 'server', setting, why: 'changes the settings of the whole server' });
    return 'all';
  },
  LoadStmt: simply('library', 'loads a library into the server'),
  CreateExtensionStmt: extension,
  AlterExtensionStmt: extension,
  AlterExtensionContentsStmt: extension,
  CreatePLangStmt: simply('language', 'brings a language into the database'),
  CreateAmStmt: simply('access method', 'brings code into the database'),
  CreateFdwStmt: foreignData,
  AlterFdwStmt: foreignData,
  CreateForeignServerStmt: foreignServer,
  AlterForeignServerStmt: foreignServer,
  ImportForeignSchemaStmt: foreignServer,
  CreateForeignTableStmt(fields, walk) {
    const target = asNode(fields['base'] ?? fields['baseStmt'])['relation'];
    walk.addOn('serverAccess', target, {
      object: 'foreign table',
      why: 'reaches data outside of this database',
    });
    walk.visitFields(asNode(fields['base'] ?? fields['baseStmt']), ['relation']);
    return 'all';
  },
  CreateUserMappingStmt: userMapping,
  AlterUserMappingStmt: userMapping,
  DropUserMappingStmt: userMapping,
  CreatePublicationStmt: publication,
  AlterPublicationStmt: publication,
  CreateSubscriptionStmt: subscription,
  AlterSubscriptionStmt: subscription,
  DropSubscriptionStmt: subscription,
  CreateTableSpaceStmt: tablespace,
  AlterTableSpaceOptionsStmt: tablespace,
  DropTableSpaceStmt: tablespace,
};
