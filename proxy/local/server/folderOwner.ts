/** One Portcullis process per database folder: a file beside the folder names who holds it. */
import { HeldElsewhere, type OwnerFile, takeOwnerFile } from '../../kit/ownerFile.ts';

/**
 * Takes the folder for this process. What a dead process held is taken over.
 * @throws Error where a living process holds it
 */
export function takeFolder(dataDir: string): OwnerFile {
  try {
    return takeOwnerFile(`${dataDir}.owner`);
  } catch (error) {
    if (!(error instanceof HeldElsewhere)) throw error;
    throw new Error(
      `The database folder ${dataDir} is in use by ${error.holder}. ` +
        'Stop that Portcullis first, or choose another folder with --data.',
    );
  }
}
