// Records in memory, for as long as the process lives: what Credo's StorageService interface asks for, and no more.
import { RecordDuplicateError, RecordNotFoundError } from '@credo-ts/core'

export class MemoryStorage {
  supportsCursorPagination = false
  #records = new Map()

  async save(_context, record) {
    if (this.#records.has(slot(record.type, record.id))) {
      throw new RecordDuplicateError(`${record.id} is stored already`, { recordType: record.type })
    }
    this.#put(record)
  }

  async update(_context, record) {
    this.#find(record.type, record.id)
    this.#put(record)
  }

  async delete(_context, record) {
    this.#remove(record.type, record.id)
  }

  async deleteById(_context, recordClass, id) {
    this.#remove(recordClass.type, id)
  }

  async getById(_context, recordClass, id) {
    return this.#find(recordClass.type, id).clone()
  }

  async getAll(_context, recordClass) {
    return [...this.#records.values()].filter((record) => record.type === recordClass.type).map((record) => record.clone())
  }

  async findByQuery(context, recordClass, query, { limit, offset = 0 } = {}) {
    const found = (await this.getAll(context, recordClass)).filter((record) => matches(record.getTags(), query))
    return found.slice(offset, limit === undefined ? undefined : offset + limit)
  }

  #put(record) {
    record.updatedAt = new Date()
    this.#records.set(slot(record.type, record.id), record.clone())
  }

  #find(type, id) {
    const record = this.#records.get(slot(type, id))
    if (!record) throw new RecordNotFoundError(`${id} is not stored`, { recordType: type })
    return record
  }

  #remove(type, id) {
    this.#find(type, id)
    this.#records.delete(slot(type, id))
  }
}

const slot = (type, id) => `${type} ${id}`

function matches(tags, { $and = [], $or, $not, ...simple }) {
  return (
    $and.every((query) => matches(tags, query)) &&
    (!$or || $or.some((query) => matches(tags, query))) &&
    !($not && matches(tags, $not)) &&
    Object.entries(simple).every(([name, wanted]) => wanted === undefined || holds(tags[name], wanted))
  )
}

const holds = (value, wanted) =>
  Array.isArray(wanted) ? wanted.every((item) => value?.includes(item)) : value === wanted
