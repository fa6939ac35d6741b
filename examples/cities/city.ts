import { f64, i16, optional, text, u32 } from "offheap";
import type { RowOf } from "offheap/mapped";

/** The columns of cities.seg. The same as what `npx offheap types cities.seg` prints. */
export const City = {
  id: u32,
  name: text,
  asciiName: text,
  alternateNames: text,
  latitude: f64,
  longitude: f64,
  featureClass: text,
  featureCode: text,
  country: text,
  alternateCountries: text,
  admin1: text,
  admin2: text,
  admin3: text,
  admin4: text,
  population: u32,
  elevation: optional(i16),
  dem: i16,
  timezone: text,
  modified: text,
};

export type City = RowOf<typeof City>;
