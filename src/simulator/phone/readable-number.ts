import { parsePhoneNumberFromString } from "libphonenumber-js";

/** Such as +1 415 555 0100; what is not a number stays as it is. */
export function readableNumber(number: string): string {
  return parsePhoneNumberFromString(number)?.formatInternational() ?? number;
}
