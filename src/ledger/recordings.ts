export type RecordingState = "wanted" | "started" | "kept" | "missing" | "deleting" | "deleted";
