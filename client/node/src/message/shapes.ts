// What kind of method a method of the API is here.
import type { DescMethod } from "@bufbuild/protobuf";

export interface MethodShape {
  readonly method: DescMethod;
  readonly shape: "unary" | "list" | "stream" | "watch" | "batches";
  // Of a list: the field of the response that has the rows.
  readonly rows?: string;
  // The field of the request that can be given in place of the request.
  readonly resource?: string;
  // Whether the survey can be given by its id alone, in front of the request.
  readonly isOfSurvey: boolean;
}
