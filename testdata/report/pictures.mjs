// pictures.mjs MODULES PAGE DIR: the pictures in the README, of a page of the sample.
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, file, dir] = process.argv.slice(2);
const { chromium } = createRequire(path.resolve(modules) + '/')('playwright-core');
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] });
const page = await browser.newPage({ viewport: { width: 1240, height: 900 }, colorScheme: 'light' });
await page.goto(pathToFileURL(path.resolve(file)).href);
await page.addStyleTag({ content: '.charts .figures,.pointed{display:none}section{padding:16px}' });
for (const part of ['months', 'zones']) await page.locator('#' + part).screenshot({ path: `${dir}/${part}.png` });
await browser.close();
