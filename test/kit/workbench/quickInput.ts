/** The box at the top of the workbench: the command palette, file search, and what extensions ask in it. */
import type { Locator, Page } from 'playwright-core';

/** Types into the palette (`>` before a command, nothing before a file) and clicks the row of exactly that label. */
export async function pickInPalette(page: Page, text: string, label: string): Promise<void> {
  await page.keyboard.press('F1');
  await quickInput(page).fill(text);
  await quickRow(page, label).click();
}

export function quickInput(page: Page): Locator {
  return page.locator('.quick-input-widget:visible input.input');
}

export function quickRow(page: Page, label: string): Locator {
  const name = page.locator('.label-name', { hasText: exactly(label) });
  return page.locator('.quick-input-list .monaco-list-row', { has: name }).first();
}

/** VS Code draws with non-breaking and zero-width spaces; people read plain ones. */
export function plain(text: string): string {
  return text.replaceAll('\u00a0', ' ').replaceAll('\u200b', '');
}

export function exactly(text: string): RegExp {
  return new RegExp(`^\\s*${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}\\s*$`);
}
