/** Notifications: toasts while they are on the screen, rows of the notification centre after some seconds. */
import type { Locator, Page } from 'playwright-core';
import { pickInPalette, plain } from './quickInput.ts';

export interface Notification {
  readonly text: string;
  readonly buttons: readonly string[];
}

const row = '.notification-list-item';
const centre = (page: Page) => page.locator('.notifications-center.visible');

export async function readNotifications(page: Page): Promise<Notification[]> {
  await showNotifications(page);
  const found: Notification[] = [];
  for (const item of await centre(page).locator(row).all()) {
    const text = await item.locator('.notification-list-item-message').innerText();
    const buttons = item.locator('.notification-list-item-buttons-container .monaco-button');
    found.push({ text: plain(text), buttons: await buttons.allInnerTexts() });
  }
  await hideNotifications(page);
  return found;
}

/** Looks at the toasts first, then opens the centre and goes on looking there. */
export async function findNotification(
  page: Page,
  text: string | RegExp,
  patience: number,
): Promise<Locator> {
  const toast = page.locator(`.notifications-toasts ${row}`, { hasText: text }).first();
  const kept = centre(page).locator(row, { hasText: text }).first();
  const started = Date.now();
  while (Date.now() < started + patience) {
    if (await toast.isVisible()) return toast;
    if (await kept.isVisible()) return kept;
    if (Date.now() > started + 2_000) await showNotifications(page);
    await page.waitForTimeout(100);
  }
  const others = JSON.stringify(await readNotifications(page));
  throw new Error(`There is no such notification. There are: ${others}`);
}

/** The centre would cover what lies below it. */
export async function hideNotifications(page: Page): Promise<void> {
  const hide = centre(page).locator('[aria-label^="Hide Notifications"]').first();
  if (await hide.isVisible()) await hide.click();
  await centre(page).waitFor({ state: 'hidden' });
}

async function showNotifications(page: Page): Promise<void> {
  if (await centre(page).isVisible()) return;
  await pickInPalette(page, '>Notifications: Show Notifications', 'Notifications: Show Notifications');
  await centre(page).waitFor();
}
