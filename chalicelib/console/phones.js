// Phone numbers for reading. The API has them in the form +13235551234 (E.164).

// Country codes have one to three digits (ITU-T E.164, List of assigned country codes): these are all of one and two.
const COUNTRY = /^\+(?:[17]|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|\d{3})/;

/**
 * Groups the digits of a number: the country code, then groups of three, with as many of four at the end as it takes. In
 * North America these are the groups that people write: elsewhere they make the number legible, and claim no area code.
 * @param {string} number
 */
export function readablePhone(number) {
  const [country] = COUNTRY.exec(number) ?? [""];
  const digits = number.slice(country.length);
  const start = Math.max(0, digits.length - 4 * (digits.length % 3)); // of the groups of four
  const groups = [...(digits.slice(0, start).match(/.{3}/g) ?? []), ...(digits.slice(start).match(/.{1,4}/g) ?? [])];
  return [country, ...groups].join(" ").trim();
}
