// A flight -> the inputs of pipeline.onnx.

const TIME = /^(\d{4})-(\d\d)-(\d\d)[ T]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/;

/** A flight at `time`, `YYYY-MM-DD HH:MM` local in Santiago, as values by input. Throws RangeError. */
export function flight(OPERA, SIGLADES, time) {
  const [, year, month, day, hour] = TIME.exec(time) ?? [];
  // As if it were UTC, so that the zone of this machine does not matter.
  const date = new Date(Date.UTC(year, month - 1, day, hour));
  const FECHA = `${year}-${month}-${day}`;
  if (!time.startsWith(date.toJSON()?.slice(0, 10) ?? "?")) {
    throw new RangeError(`${JSON.stringify(time)} is no time of the form YYYY-MM-DD HH:MM`);
  }
  const monday = 1; // of getUTCDay; for the model it is 0
  return { OPERA, SIGLADES, FECHA, dia_semana: (date.getUTCDay() - monday + 7) % 7, hora: Number(hour) };
}

/** Flights -> the columns that the session takes; `Tensor` is that of the runtime. */
export function columns(flights, Tensor) {
  const text = (name) => new Tensor("string", flights.map((each) => each[name]), [flights.length]);
  const number = (name) =>
    new Tensor("int64", BigInt64Array.from(flights, (each) => BigInt(each[name])), [flights.length]);
  return {
    OPERA: text("OPERA"),
    SIGLADES: text("SIGLADES"),
    FECHA: text("FECHA"),
    dia_semana: number("dia_semana"),
    hora: number("hora"),
  };
}
