export type ErasureCause = "request" | "retention";
export type SuppressionReason = "withdrawn" | "erased";
